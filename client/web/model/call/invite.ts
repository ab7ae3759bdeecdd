import { signal } from '@preact/signals';
import { CanopyError, type LobbyMode, type RoomLink } from '../../../sdk/index.ts';
import type { Call } from './call.ts';

/** The room's link for everyone, in the dialog that shows and changes it. */
export class Inviting {
  readonly link = signal<RoomLink | undefined>(undefined);
  readonly lobby = signal<LobbyMode>('guests');
  /** What was done last. */
  readonly done = signal<'renewed' | 'withdrawn' | undefined>(undefined);
  readonly busy = signal(true);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Shows the room's newest link; makes one if it has none. */
  load(): Promise<void> {
    return this.#try(async () => {
      const { roomLinks } = this.#call.client;
      const { links, lobby } = await roomLinks.list(this.#roomId);
      this.lobby.value = lobby;
      this.link.value = links.at(-1) ?? (await roomLinks.create(this.#roomId));
    });
  }

  create(limits: { ttlSeconds: number; maxPeople?: number }): Promise<void> {
    return this.#try(async () => {
      this.link.value = await this.#call.client.roomLinks.create(this.#roomId, limits);
      this.done.value = undefined;
    });
  }

  /** Replaces the link by a new one. */
  renew(limits: { ttlSeconds: number; maxPeople: number | null }): Promise<void> {
    return this.#try(async () => {
      const { link } = this;
      if (link.value) {
        link.value = await this.#call.client.roomLinks.renew(link.value.linkId, limits);
        this.done.value = 'renewed';
      }
    });
  }

  withdraw(): Promise<void> {
    return this.#try(async () => {
      const { link } = this;
      if (link.value) {
        await this.#call.client.roomLinks.withdraw(link.value.linkId);
        link.value = undefined;
        this.done.value = 'withdrawn';
      }
    });
  }

  /** Sets who waits to be let in. Only for owners. */
  setLobby(lobby: LobbyMode): Promise<void> {
    return this.#try(async () => {
      await this.#call.client.configureRoom(this.#roomId, { lobby });
      this.lobby.value = lobby;
    });
  }

  get #roomId(): string {
    return this.#call.address;
  }

  async #try(act: () => Promise<void>): Promise<void> {
    this.busy.value = true;
    this.problem.value = undefined;
    try {
      await act();
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    } finally {
      this.busy.value = false;
    }
  }
}
