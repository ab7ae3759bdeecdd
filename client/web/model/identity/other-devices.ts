import type { Participant, Room } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';

const KEY = 'other-devices';

/** Whether this participant is a device of this user that lost its connection: the user is here already. */
export function isOwnGhost(
  { participantId, accountId, connected }: Participant,
  self: { participantId: string | undefined; accountId: string },
): boolean {
  return !connected && accountId === self.accountId && participantId !== self.participantId;
}

/** Notices that the user is in the room on another device too, where they might hear themselves, and offers to leave it there. */
export class OtherDevices {
  readonly #room: Room;
  readonly #accountId: string;
  readonly #notices: Notices;
  readonly #stop: ReadonlyArray<() => void>;
  #noticed = false;

  constructor(room: Room, accountId: string, notices: Notices) {
    this.#room = room;
    this.#accountId = accountId;
    this.#notices = notices;
    const check = () => this.#check();
    this.#stop = [
      room.on('participant-joined', check),
      room.on('participant-updated', check),
      room.on('participant-left', check),
    ];
    check();
  }

  close(): void {
    for (const stop of this.#stop) {
      stop();
    }
    this.#notices.release(KEY);
  }

  #check(): void {
    const others = [...this.#room.participants.values()].some(
      ({ participantId, accountId, kind, connected }) =>
        accountId === this.#accountId &&
        participantId !== this.#room.participantId &&
        kind !== 'phone' &&
        connected,
    );
    if (others === this.#noticed) {
      return;
    }
    this.#noticed = others;
    if (!others) {
      this.#notices.release(KEY);
      return;
    }
    const { otherDevice, moveHere } = strings.value.moderation;
    this.#notices.keep(KEY, otherDevice, { label: moveHere, run: () => void this.#moveHere() });
  }

  async #moveHere(): Promise<void> {
    await this.#notices.attempt(() => this.#room.moderation.moveHere());
  }
}
