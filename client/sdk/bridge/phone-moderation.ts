import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';

/** What a hosted participant does as a moderator of its room. The server judges each request by the phone's own rights. */
export class PhoneModeration {
  readonly #host: { readonly connection: Connection; readonly roomId: string };
  readonly #participantId: () => string | undefined;

  constructor(
    host: { readonly connection: Connection; readonly roomId: string },
    participantId: () => string | undefined,
  ) {
    this.#host = host;
    this.#participantId = participantId;
  }

  /** @throws {CanopyError} FORBIDDEN, RATE_LIMITED, ROOM_NOT_JOINED */
  async setRoomLocked(locked: boolean): Promise<void> {
    const { connection, roomId } = this.#host;
    await connection.request('room.configure', { roomId, participantId: this.#seated(), locked });
  }

  /** Mutes everyone but owners and moderators. They may unmute. @throws {CanopyError} FORBIDDEN, ROOM_NOT_JOINED */
  async muteAll(): Promise<void> {
    const participantId = this.#seated();
    await this.#host.connection.request('participant.muteAll', { except: 'moderators', participantId });
  }

  /**
   * Calls a number into the room. If that fails later, the session emits `call-failed`.
   *
   * @throws {CanopyError} CALL_REFUSED, FORBIDDEN, GATEWAY_MISSING, RATE_LIMITED, ROOM_NOT_JOINED
   */
  async call(target: string): Promise<{ callId: string }> {
    return this.#host.connection.request('call.dial', { target, participantId: this.#seated() });
  }

  #seated(): string {
    const participantId = this.#participantId();
    if (participantId === undefined) {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    return participantId;
  }
}
