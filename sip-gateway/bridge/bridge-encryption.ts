import type { Logger } from '../../base/index.ts';
import type {
  BridgeSession,
  BridgeSource,
  EncryptionState,
  FrameEncryption,
} from '../../client/sdk/index.ts';
import { type EpochKeys, memberOf, withoutExcluded } from '../../contract/sframe/index.ts';
import type { MediaPool, Requests } from '../media/index.ts';

type Epochs = Requests['room.keys']['args']['epochs'];
type Source = Requests['room.sources']['args']['sources'][number];

/** The current epoch, and the one before it, with which others may still send. */
const KEPT_EPOCHS = 2;
/** Length of a frame counter, in bytes. */
const COUNTER_BYTES = 8;

export interface BridgeEncryptionOptions {
  roomId: string;
  pool: Pick<MediaPool, 'request'>;
  log: Logger;
  /** Called when there will be no keys: phones can neither hear nor be heard. */
  onFailed(): void;
}

/**
 * A room's end-to-end encryption from the gateway's point of view: a member of the room's group, which gives the room's media thread the
 * keys, and tells it whose frames each source may send.
 */
export class BridgeEncryption implements FrameEncryption {
  readonly #options: BridgeEncryptionOptions;
  #epochs: Epochs = [];
  /** By producer. */
  readonly #sources = new Map<string, Source>();
  /** What has been logged already. */
  readonly #logged = new Set<string>();
  /** Whether the media thread has the room. */
  #isOpen = false;

  constructor(options: BridgeEncryptionOptions) {
    this.#options = options;
  }

  follow(session: BridgeSession): void {
    session.on('source', (source) => this.#add(session, source));
    session.on('source-ended', ({ producerId }) => {
      this.#sources.delete(producerId);
      this.#sendSources();
    });
    session.encryption?.on('changed', (state) => this.#changed(state));
  }

  /** The media thread has the room from now on. */
  opened(): void {
    this.#isOpen = true;
    this.#sendKeys();
    this.#sendSources();
  }

  setEpoch(keys: EpochKeys): void {
    const current = this.#epochs.at(-1);
    if (current?.keys.groupId === keys.groupId && current.keys.epoch === keys.epoch) {
      this.#exclude(current.keys, keys);
      return;
    }
    // With a second counter for an epoch, frames could get the same one twice.
    if (this.#epochs.some((each) => each.keys.groupId === keys.groupId && each.keys.epoch >= keys.epoch)) {
      return;
    }
    const epoch = { keys, counter: new SharedArrayBuffer(COUNTER_BYTES) };
    this.#epochs = [...this.#epochs, epoch].slice(-KEPT_EPOCHS);
    this.#sendKeys();
  }

  close(): void {
    this.#epochs = [];
    this.#sendKeys();
  }

  /** The current epoch again, without some of its members. A media thread that starts later must not know them either. */
  #exclude(before: EpochKeys, after: EpochKeys): void {
    this.#epochs = this.#epochs.map(({ keys, counter }) => ({
      keys: withoutExcluded(keys, before, after),
      counter,
    }));
    this.#sendKeys();
  }

  /** Whoever has been announced first as a stream's sender remains it. */
  #add({ participants }: BridgeSession, { producerId, participantId, ssrc, source }: BridgeSource): void {
    const memberId = memberOf(participantId, participants.get(participantId)?.deviceId);
    this.#sources.set(producerId, { ssrc, memberId, source });
    this.#sendSources();
  }

  #changed({ state, alarms }: EncryptionState): void {
    const { log, onFailed } = this.#options;
    for (const { kind, deviceId, detail } of alarms) {
      const name = `${kind} ${deviceId}`;
      if (!this.#logged.has(name)) {
        this.#logged.add(name);
        log.warn({ alarm: kind, deviceId, detail }, 'end-to-end encryption alarm');
      }
    }
    if (state === 'failed') {
      onFailed();
    }
  }

  #sendKeys(): void {
    this.#send('room.keys', { roomId: this.#options.roomId, epochs: this.#epochs });
  }

  #sendSources(): void {
    this.#send('room.sources', { roomId: this.#options.roomId, sources: [...this.#sources.values()] });
  }

  #send<K extends 'room.keys' | 'room.sources'>(name: K, args: Requests[K]['args']): void {
    if (this.#isOpen) {
      // The room may have closed meanwhile.
      this.#options.pool
        .request(name, args)
        .catch((error: unknown) =>
          this.#options.log.debug({ err: error, name }, 'could not update the media thread'),
        );
    }
  }
}
