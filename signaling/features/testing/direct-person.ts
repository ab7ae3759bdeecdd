import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
// biome-ignore lint/plugin: the client side of the log, without a connection
import { RoomLog } from '../../../client/sdk/room-log.ts';
import type {
  EventData,
  EventName,
  RequestInput,
  RequestName,
  RequestResult,
} from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Kernel } from '../../kernel/index.ts';
import { DirectLink } from './direct-link.ts';

/** Somebody in a room with a part of the SDK, whose connection may be cut at any moment: answers on the way are lost. */
export class DirectPerson {
  readonly accountId: string;
  readonly roomId: string;
  /** Called whenever the room has been entered. */
  onEntered: () => void = () => {};
  readonly #appliers = new Map<string, (data: never) => void>();
  readonly #log: RoomLog;
  #link: DirectLink | undefined;
  #entering: Promise<void> = Promise.resolve();
  #peerId: string | undefined;
  #held: Array<() => void> | undefined;

  constructor(roomId: string, accountId = randomBytes(32).toString('hex')) {
    this.roomId = roomId;
    this.accountId = accountId;
    this.#log = new RoomLog({
      apply: (kind, data) => this.#appliers.get(kind)?.(data as never),
      missing: () => assert.fail('an entry is missing'),
    });
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  onServerEvent<N extends EventName>(name: N, apply: (data: EventData<N>) => void): void {
    this.#appliers.set(name, apply);
  }

  async request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>> {
    const link = this.#link;
    if (!link) {
      throw new CanopyError('CONNECTION_LOST');
    }
    const answer = await link.request(name, data).catch((error: unknown) => {
      throw CanopyError.from(error);
    });
    if (link !== this.#link) {
      throw new CanopyError('CONNECTION_LOST');
    }
    if (!answer.ok) {
      throw CanopyError.fromBody(answer.error);
    }
    return answer.result as RequestResult<N>;
  }

  /** Enters unless it is inside or on its way in. Resolves when the join was answered. */
  enter(kernel: Kernel): Promise<void> {
    if (!this.#link) {
      this.#entering = this.#enter(kernel);
    }
    return this.#entering;
  }

  cut(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.cut(true);
  }

  async #enter(kernel: Kernel): Promise<void> {
    const link = new DirectLink(kernel, this.accountId, (from, arrival) => {
      if (from === this.#link && 'event' in arrival) {
        const receive = () => this.#log.receive(arrival.event as EventName, arrival.data);
        this.#held ? this.#held.push(receive) : receive();
      }
      return 0;
    });
    this.#link = link;
    this.#held = [];
    const { position: since } = this.#log;
    const resume =
      this.#peerId === undefined ? {} : { resume: { peerId: this.#peerId, ...(since && { since }) } };
    const answer = await link.request('room.join', { roomId: this.roomId, ...resume });
    if (this.#link !== link) {
      return;
    }
    if (!answer.ok) {
      this.cut();
      return;
    }
    const joined = answer.result as RequestResult<'room.join'>;
    this.#peerId = joined.peerId;
    this.#log.catchUp(joined.log);
    const held = this.#held;
    this.#held = undefined;
    // A seat is kept only with a transport.
    link.request('transport.create', { direction: 'send' }).catch(() => {});
    this.onEntered();
    for (const receive of held) {
      receive();
    }
  }
}
