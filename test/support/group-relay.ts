import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type {
  EncryptionAlarmKind,
  EncryptionState,
  EpochKeys,
  FrameEncryption,
  Identity,
} from '../../client/sdk/index.ts';
import type {
  EncryptionPolicy,
  EventData,
  EventName,
  Participant,
  RequestInput,
  RequestName,
  RequestResult,
} from '../../contract/index.ts';
import { groupHeadStatement } from '../../contract/index.ts';
import type { GroupRoom } from '../../contract/mls/index.ts';
// biome-ignore lint/plugin: the real delivery, for a server that lies about what it delivers
import { GroupDelivery } from '../../signaling/features/encryption/group-delivery.ts';
// biome-ignore lint/plugin: types of the same
import type { Peer, Room } from '../../signaling/kernel/index.ts';
import type { TestDeployment, TestDevice } from './encrypted-devices.ts';
import { GroupSession } from './room-groups.ts';
import { eventually } from './wait.ts';

/** What a malicious server does with an event for somebody: changes it, or drops it (undefined). */
export type Tamper = <N extends EventName>(
  name: N,
  data: EventData<N>,
  to: RelayedPerson,
) => EventData<N> | undefined;

export type TamperAnswer = <N extends RequestName>(
  name: N,
  answer: RequestResult<N>,
  from: RelayedPerson,
) => RequestResult<N>;

/** `limits.sendQueueBytes`. */
const ANSWER_BYTES = 1_048_576;

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

/** One of the people of a relay: a real session, and what its media encryption was given. */
export class RelayedPerson {
  readonly participant: Participant;
  readonly peer: Peer;
  /** The keys that its media encryption got, the latest last; empty once it was closed. */
  keys: EpochKeys[] = [];
  state: EncryptionState | undefined;
  /** Its certificates now: a device may renew its own. */
  chain: readonly string[];
  #session: GroupSession | undefined;

  static async create(relay: GroupRelay, displayName: string, device: TestDevice): Promise<RelayedPerson> {
    const member = await relay.deployment.member(relay.room, device);
    const person = new RelayedPerson(displayName, device, member.deviceId, (name, data) =>
      relay.send(name, data, [person]),
    );
    const { deviceId } = member;
    const signGroupHead = async (head: Parameters<Identity['signGroupHead']>[0]) => {
      const signed = groupHeadStatement({ ...head, deviceId });
      const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
      const signature = await crypto.subtle.sign(algorithm, device.deviceKey, signed);
      return Buffer.from(signature).toString('base64url');
    };
    const frames: FrameEncryption = {
      setEpoch: (keys) => void person.keys.push(keys),
      close: () => {
        person.keys = [];
      },
    };
    person.#session = new GroupSession({
      member,
      identity: {
        signGroupHead,
        get chain() {
          return person.chain;
        },
      } as Identity,
      frames,
      patience: { behindMs: 500, rosterMs: relay.rosterMs, stuckMs: 300, pauseMs: 100 },
      host: {
        request: (name, data) => relay.handle(person, name, data),
        participants: () => relay.rosterFor(person),
        changed: (state) => {
          person.state = state;
          relay.changed(person, state);
        },
        content: () => {},
      },
    });
    return person;
  }

  private constructor(
    displayName: string,
    { accountId, chain }: TestDevice,
    deviceId: string,
    send: Peer['send'],
  ) {
    this.chain = chain;
    const peerId = randomUUID();
    const ids = { participantId: randomUUID(), peerId, accountId, deviceId };
    this.participant = { ...ids, displayName, kind: 'user', role: 'member', connected: true };
    const principal = { kind: 'device', chain: chain.map(bytesOf) };
    this.peer = { peerId, deviceId, accountId, principal, connection: {}, send } as unknown as Peer;
  }

  get session(): GroupSession {
    assert.ok(this.#session);
    return this.#session;
  }

  /** Waits for an alarm. Returns the device that it is about. */
  async alarm(kind: EncryptionAlarmKind): Promise<string | undefined> {
    const { alarms } = await eventually(
      `alarm ${kind}`,
      () => this.session.state,
      (state) => state.alarms.some((alarm) => alarm.kind === kind),
    );
    return alarms.find((alarm) => alarm.kind === kind)?.deviceId;
  }

  get alarms(): EncryptionAlarmKind[] {
    return this.session.state.alarms.map(({ kind }) => kind);
  }
}

/** A server that delivers a group’s messages as the real one, but may change, drop or repeat them, and lie about who is present. */
export class GroupRelay {
  readonly deployment: TestDeployment;
  readonly room: GroupRoom & { policy: EncryptionPolicy };
  readonly people: RelayedPerson[] = [];
  /** The real one. */
  delivery: GroupDelivery;
  /** Accepts every commit, and delivers none. */
  forks = false;
  tamper: Tamper = (_name, data) => data;
  /** What it does with its answers. */
  tamperAnswer: TamperAnswer = (_name, answer) => answer;
  /** How long rosters may differ, for those who enter from now on. Long, unless a test is about that: machines can be slow. */
  rosterMs = 60_000;
  /** What it says about who is revoked. */
  revocations: () => Promise<RequestResult<'encryption.revocations'>> = async () => ({ lists: [] });
  /** Called with each state that a session tells. */
  changed: (person: RelayedPerson, state: EncryptionState) => void = () => {};
  /** Whom it does not list, although they are there. */
  readonly hidden = new Set<RelayedPerson>();
  readonly #peers = new Map<string, Peer>();
  #seq = 0;

  constructor(deployment: TestDeployment) {
    this.deployment = deployment;
    this.room = { roomId: 'team', policy: 'required', authorities: deployment.authorities };
    this.delivery = this.#newDelivery();
  }

  /** As a server that starts anew. */
  forgetGroup(): void {
    this.delivery.close();
    this.delivery = this.#newDelivery();
  }

  #newDelivery(): GroupDelivery {
    const room = {
      roomId: this.room.roomId,
      encryption: this.room.policy,
      peers: this.#peers,
      append: (name: EventName, data: object) => {
        this.#seq += 1;
        this.send(name, { ...data, log: { logId: 'log', seq: this.#seq } } as never);
      },
    };
    return new GroupDelivery(room as unknown as Room, ANSWER_BYTES, {
      authorities: () => this.room.authorities,
      verify: (chain) => this.deployment.verify(chain),
    });
  }

  /** Somebody enters, and their session begins. `hidden`: the others are not told. `idle`: it does not begin. */
  async enter(
    name: string,
    { device, hidden = false, idle = false }: { device?: TestDevice; hidden?: boolean; idle?: boolean } = {},
  ): Promise<RelayedPerson> {
    const person = await RelayedPerson.create(this, name, device ?? (await this.deployment.device(name)));
    this.people.push(person);
    this.#peers.set(person.peer.peerId, person.peer);
    if (hidden) {
      this.hidden.add(person);
    }
    this.#rosterChanged();
    if (idle) {
      return person;
    }
    const { group } = this.delivery;
    person.session.entered({
      policy: this.room.policy,
      group: group ? { groupId: group.groupId, epoch: group.epoch } : null,
    });
    return person;
  }

  /** Somebody leaves. `silently`: they notice nothing, as if their connection was lost for good. */
  leave(person: RelayedPerson, { silently = false } = {}): void {
    this.people.splice(this.people.indexOf(person), 1);
    this.#peers.delete(person.peer.peerId);
    if (!silently) {
      person.session.close();
    }
    this.#rosterChanged();
  }

  rosterFor(person: RelayedPerson): Participant[] {
    return this.people
      .filter((each) => each === person || !this.hidden.has(each))
      .map(({ participant }) => participant);
  }

  /** Waits until these people are in one epoch with so many members. */
  async settled(people: readonly RelayedPerson[] = this.people, members = people.length): Promise<void> {
    await eventually(
      `one epoch of ${members}`,
      () =>
        people.map(
          ({ session: { state } }) => `${state.state} ${state.members.length} ${state.code.join(' ')}`,
        ),
      (seen) => new Set(seen).size === 1 && seen[0]?.startsWith(`ready ${members} `) === true,
    );
  }

  send<N extends EventName>(name: N, data: EventData<N>, to: readonly RelayedPerson[] = this.people): void {
    for (const person of [...to]) {
      const sent = this.tamper(name, data, person);
      if (sent !== undefined) {
        deliver(person.session, name, sent);
      }
    }
  }

  async handle<N extends RequestName>(
    person: RelayedPerson,
    name: N,
    request: RequestInput<N>,
  ): Promise<RequestResult<N>> {
    const { delivery } = this;
    const { peer, participant } = person;
    const { participantId } = participant;
    const answer = async () => {
      // biome-ignore lint/suspicious/noExplicitAny: each request has data of its own
      const data = request as any;
      switch (name) {
        case 'encryption.create': {
          const sent = { groupInfo: bytesOf(data.groupInfo), tree: bytesOf(data.tree) };
          return { outcome: await delivery.create(peer, sent) };
        }
        case 'encryption.join':
          return delivery.join(peer, { ...data, keyPackage: bytesOf(data.keyPackage) });
        case 'encryption.commit':
          if (this.forks) {
            return { outcome: 'accepted' };
          }
          return delivery.commit(peer, {
            commit: bytesOf(data.commit),
            groupInfo: bytesOf(data.groupInfo),
            welcome: data.welcome && bytesOf(data.welcome),
          });
        case 'encryption.stuck':
          await delivery.stuck(peer, data.groupId);
          return {};
        case 'encryption.revocations':
          return this.revocations();
        case 'encryption.missed': {
          const missed = delivery.missed(data.groupId, data.epoch);
          return missed ? { missed } : {};
        }
        default:
          this.send('encryption.head', { participantId, ...data });
          return {};
      }
    };
    return this.tamperAnswer(name, (await answer()) as RequestResult<N>, person);
  }

  async close(): Promise<void> {
    this.delivery.close();
    for (const { session } of this.people) {
      session.close();
    }
  }

  #rosterChanged(): void {
    for (const { session } of this.people) {
      session.rosterChanged();
    }
  }
}

function deliver<N extends EventName>(session: GroupSession, name: N, data: EventData<N>): void {
  const take = {
    'encryption.created': 'created',
    'encryption.committed': 'committed',
    'encryption.ended': 'ended',
    'encryption.welcome': 'welcome',
    'encryption.waiting': 'waiting',
    'encryption.head': 'head',
    'encryption.revoked': 'revoked',
  }[name as string] as 'head' | undefined;
  if (take) {
    session[take](data as EventData<'encryption.head'>);
  }
}
