import { b64decode, b64encode } from 'k6/encoding';
import type { EventData, RequestInput, RequestResult } from '../../../contract/index.ts';
import { authStatement, PROTOCOL_VERSION } from '../../../contract/light.ts';
import type { PreparedPerson } from '../prepared-person.ts';
import { ORIGIN } from './setting.ts';
import { CanopySocket } from './socket.ts';
import type { Stages } from './stages.ts';

/** The stages of joining, in order; `sign` is local work. */
export const ENTER_STAGES = ['connect', 'challenge', 'sign', 'prove', 'join', 'enter'] as const;
/** The same for coming back to a kept seat. */
export const RETURN_STAGES = [
  'return_connect',
  'return_challenge',
  'return_sign',
  'return_prove',
  'resume',
  'return',
] as const;

/** How long notifications about others may take, in milliseconds: far beyond every goal. */
const PATIENCE_MS = 30_000;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };

if (!('TextEncoder' in globalThis)) {
  // k6 has none; only ASCII is signed here.
  Object.assign(globalThis, {
    TextEncoder: class {
      encode(text: string): Uint8Array {
        return Uint8Array.from([...text].map((character) => character.charCodeAt(0)));
      }
    },
  });
}

/** One person's way into a room, and back into it. */
export class Visitor {
  readonly index: number;
  readonly roomId: string;
  /** Everyone in the room of whom this person has been notified, including itself. */
  readonly #met = new Set<string>();
  #onMet: () => void = () => {};
  readonly #person: PreparedPerson;
  readonly #key: CryptoKey;
  #socket: CanopySocket | undefined;
  #peerId = '';

  private constructor(index: number, roomId: string, person: PreparedPerson, key: CryptoKey) {
    this.index = index;
    this.roomId = roomId;
    this.#person = person;
    this.#key = key;
  }

  static async create(index: number, roomId: string, person: PreparedPerson): Promise<Visitor> {
    const pkcs8 = b64decode(person.privateKey, 'std');
    return new Visitor(
      index,
      roomId,
      person,
      await crypto.subtle.importKey('pkcs8', pkcs8, ECDSA, false, ['sign']),
    );
  }

  get socket(): CanopySocket {
    if (!this.#socket) {
      throw new Error('not connected');
    }
    return this.#socket;
  }

  /** Connects, answers the challenge and joins the room. */
  async enter(stages: Stages<(typeof ENTER_STAGES)[number]>): Promise<void> {
    const startedMs = Date.now();
    await this.#authenticate(ENTER_STAGES, stages);
    const joined = await stages.time('join', this.index, () => this.join());
    stages.took('enter', this.index, Date.now() - startedMs);
    this.#peerId = joined.peerId;
  }

  /** Reconnects and resumes the seat. Throws if it was not kept. */
  async return(stages: Stages<(typeof RETURN_STAGES)[number]>): Promise<void> {
    const startedMs = Date.now();
    await this.#authenticate(RETURN_STAGES, stages);
    await stages.time('resume', this.index, async () => {
      const { roomId } = this;
      const back = await this.socket.request('room.join', { roomId, resume: { peerId: this.#peerId } });
      if (!back.resumed || back.peerId !== this.#peerId) {
        throw new Error('the seat was not kept');
      }
    });
    stages.took('return', this.index, Date.now() - startedMs);
  }

  /** Joins the room on the current connection. */
  async join(): Promise<RequestResult<'room.join'>> {
    const joined = await this.socket.request('room.join', { roomId: this.roomId });
    for (const { participantId } of joined.participants) {
      this.#meet(participantId);
    }
    return joined;
  }

  /** Resolves to whether this person is notified of that many people within the time limit. */
  knows(people: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS);
      this.#onMet = () => {
        if (this.#met.size < people) {
          return;
        }
        clearTimeout(timer);
        resolve(true);
      };
      this.#onMet();
    });
  }

  /** Drops the connection without leaving. */
  drop(): void {
    this.#socket?.drop();
    this.#socket = undefined;
  }

  async #authenticate<Name extends string>(
    [connect, challenge, sign, prove]: readonly [Name, Name, Name, Name, ...Name[]],
    stages: Stages<Name>,
  ): Promise<void> {
    const { index } = this;
    const socket = new CanopySocket(ORIGIN, this.#person.address);
    this.#socket = socket;
    socket.onEvent = (name, data) => {
      if (name === 'participant.joined') {
        this.#meet((data as EventData<'participant.joined'>).participant.participantId);
      }
    };
    await stages.time(connect, index, () => socket.opened());
    const nonce = await stages.time(challenge, index, () => socket.challenge());
    const proof = await stages.time(sign, index, () => this.#proof(nonce));
    await stages.time(prove, index, () => socket.request('auth.prove', proof));
  }

  #meet(participantId: string): void {
    this.#met.add(participantId);
    this.#onMet();
  }

  async #proof(nonce: string) {
    const { deviceId, chain } = this.#person;
    const statement = { origin: ORIGIN, nonce, timeMs: Date.now() };
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      this.#key,
      authStatement({ ...statement, deviceId }),
    );
    const proof: RequestInput<'auth.prove'> = {
      protocolVersion: PROTOCOL_VERSION,
      chain,
      ...statement,
      signature: b64encode(signature, 'rawurl'),
    };
    return proof;
  }
}
