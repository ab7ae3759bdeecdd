import type { ContentKind } from '../../../contract/content/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { Emitter } from '../emitter.ts';
import type { ContentCipher, ContentEpoch, OpenedContent } from './content/index.ts';
import type { EncryptionAlarm } from './encryption-state.ts';

export interface RoomContentEvents {
  /** There are keys of one more epoch. */
  keys: [];
}

export interface RoomContentHost {
  /** Something is not genuine. */
  alarm(alarm: EncryptionAlarm): void;
  /** Resolves once the group has processed what it was told. */
  settled(): Promise<void>;
}

/** The encryption of what people write and send in an encrypted room. */
export class RoomContent extends Emitter<RoomContentEvents> {
  readonly #host: RoomContentHost;
  readonly #ready = Promise.withResolvers<void>();
  #cipher: ContentCipher | undefined;

  /** @internal */
  constructor(host: RoomContentHost) {
    super();
    this.#host = host;
    // Whoever waits for keys reports that there will be none.
    this.#ready.promise.catch(() => {});
  }

  /** @internal The code has been loaded. */
  begin(cipher: ContentCipher): void {
    this.#cipher = cipher;
  }

  /** @internal A new epoch: from now on, content is encrypted for its members. */
  setEpoch(epoch: ContentEpoch): void {
    this.#cipher?.setEpoch(epoch);
    this.#ready.resolve();
    this.emit('keys');
  }

  /** @internal There will be no keys. */
  end(error: CanopyError): void {
    this.#ready.reject(error);
  }

  /** The epoch in which this device encrypts, or another one. Undefined: this device was not in it. */
  epoch(groupId?: string, epoch?: bigint): ContentEpoch | undefined {
    return groupId === undefined || epoch === undefined
      ? this.#cipher?.current
      : this.#cipher?.epoch(groupId, epoch);
  }

  /**
   * Signs and encrypts for everyone in the room, as soon as there are keys. Returns the envelope, base64.
   *
   * @param id what it is about; it has to be opened under the same
   * @throws {CanopyError} ENCRYPTION_INVALID - it is too long; ROOM_NOT_JOINED, and why there are no keys
   */
  async seal(kind: ContentKind, id: string, content: unknown): Promise<string> {
    await this.#ready.promise;
    // Whoever was away encrypts with the keys of those who are there now.
    await this.#host.settled();
    if (!this.#cipher) {
      throw new CanopyError('ENCRYPTION_STALE');
    }
    return this.#cipher.seal(kind, id, content);
  }

  /** Opens an envelope. `locked`: this device has not got its keys (yet); `refused`: it is not genuine, which raises an alarm. */
  async open(kind: ContentKind, id: string, sealed: string): Promise<OpenedContent | 'locked' | 'refused'> {
    try {
      const opened = await this.#cipher?.open(kind, id, sealed);
      if (opened) {
        return opened;
      }
      // Its keys may be those of a commit that is about to be applied.
      await this.#host.settled();
      return (await this.#cipher?.open(kind, id, sealed)) ?? 'locked';
    } catch (cause) {
      return this.refuse(CanopyError.from(cause).detail ?? kind, this.#cipher?.claimedSender(sealed));
    }
  }

  /** Raises an alarm about content that is not shown. */
  refuse(detail: string, deviceId?: string): 'refused' {
    this.#host.alarm({ kind: 'content', detail, deviceId });
    return 'refused';
  }
}
