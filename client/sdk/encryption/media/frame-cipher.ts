import type { MediaSource } from '../../../../contract/index.ts';
import {
  encodeHeader,
  frameMetadata,
  type KeyRing,
  type NoKey,
  parseHeader,
  type ReceiveKey,
  suiteOf,
} from '../../../../contract/sframe/index.ts';
import type { Bytes } from '../../bytes.ts';
import { concat } from './aead.ts';
import { CIPHER_SUITES, type SFrameKey } from './cipher-suite.ts';
import { clearBytes, type EncryptedCodec } from './frame-format.ts';

/**
 * Why a frame was not sent or not accepted. `no-key`: this device has no key yet. `malformed`: it cannot be a frame of its codec, or it is
 * too short for an encrypted one. `forged`: it is not what its sender encrypted. `replayed`: it has been received before. The others:
 * see NoKey.
 */
export type Refusal = NoKey | 'no-key' | 'malformed' | 'forged' | 'replayed';

/** What happened to the frames of a sender or receiver. */
export interface FrameCounts {
  /** Frames that were encrypted or decrypted. */
  passed: number;
  /** Frames that were dropped, by reason. */
  refused: Partial<Record<Refusal, number>>;
}

/** The keys of a room, as WebCrypto derives them. */
export type MediaKeys = KeyRing<Promise<SFrameKey>>;

/** What a transform must know about its frames. */
export interface FrameOrigin {
  codec: EncryptedCodec;
  source: MediaSource;
}

/** How long frames of the next epoch wait for its key, in milliseconds. A commit reaches people at different times. */
const WAIT_MS: Readonly<Record<'audio' | 'video', number>> = { audio: 100, video: 500 };

abstract class FrameCipher {
  readonly counts: FrameCounts = { passed: 0, refused: {} };
  protected readonly ring: MediaKeys;
  protected readonly codec: EncryptedCodec;
  protected readonly source: MediaSource;

  constructor(ring: MediaKeys, { codec, source }: FrameOrigin) {
    this.ring = ring;
    this.codec = codec;
    this.source = source;
  }

  protected refuse(reason: Refusal): undefined {
    this.counts.refused[reason] = (this.counts.refused[reason] ?? 0) + 1;
    return undefined;
  }

  protected metadata(clear: Uint8Array): Bytes {
    return frameMetadata(this.source, clear);
  }
}

/** Encrypts the frames of one sender. */
export class FrameSealer extends FrameCipher {
  /** Undefined if the frame must not be sent. */
  async seal(frame: Bytes): Promise<Bytes | undefined> {
    const clearLength = clearBytes(this.codec, frame);
    if (frame.length <= clearLength) {
      return this.refuse('malformed');
    }
    const taken = this.ring.takeSendKey(this.source);
    if (!taken) {
      return this.refuse('no-key');
    }
    const clear = frame.subarray(0, clearLength);
    const header = encodeHeader(taken.keyId, taken.counter);
    const key = await taken.key;
    const sealed = await key.seal(header, taken.counter, this.metadata(clear), frame.slice(clearLength));
    this.counts.passed += 1;
    return concat(clear, header, sealed);
  }
}

/** Decrypts the frames of one receiver, and drops all that its device has not encrypted for this source. */
export class FrameOpener extends FrameCipher {
  readonly #memberId: string | undefined;
  readonly #onGap: () => void;
  /** The epoch whose successor has been waited for in vain. */
  #waitedIn: number | undefined;
  /** Frames have been refused since the last one that passed. */
  #gap = false;

  /**
   * @param memberId the member that sends, as EpochKeys name it; frames of others are refused
   * @param onGap called when decryption works again after frames were lost: video needs a key frame then
   */
  constructor(ring: MediaKeys, origin: FrameOrigin, memberId: string | undefined, onGap: () => void) {
    super(ring, origin);
    this.#memberId = memberId;
    this.#onGap = onGap;
  }

  /** Undefined if the frame must not be decoded. Call it with one frame at a time. */
  async open(frame: Bytes): Promise<Bytes | undefined> {
    const opened = await this.#open(frame);
    if (typeof opened === 'string') {
      this.#gap = true;
      return this.refuse(opened);
    }
    this.counts.passed += 1;
    if (this.#gap) {
      this.#gap = false;
      this.#onGap();
    }
    return opened;
  }

  async #open(frame: Bytes): Promise<Bytes | Refusal> {
    const clearLength = clearBytes(this.codec, frame);
    const sealed = frame.subarray(clearLength);
    const header = parseHeader(sealed);
    if (!header || sealed.length < header.length + CIPHER_SUITES[suiteOf(this.source)].tagBytes) {
      return 'malformed';
    }
    const found = await this.#find(header.keyId);
    if (typeof found === 'string') {
      return found;
    }
    const { counter, length } = header;
    const fresh = found.filter(({ replays }) => replays.isFresh(counter));
    const clear = frame.subarray(0, clearLength);
    for (const { key, replays } of fresh) {
      const plain = await (await key).open(
        sealed.subarray(0, length),
        counter,
        this.metadata(clear),
        sealed.slice(length),
      );
      if (plain) {
        return replays.accept(counter) ? concat(clear, plain) : 'replayed';
      }
    }
    return fresh.length === found.length ? 'forged' : 'replayed';
  }

  /** Finds the keys that may be the frame's. If its epoch is still to come, waits for it once; until the epoch changes, later frames do not wait again. */
  async #find(keyId: bigint): Promise<readonly ReceiveKey<Promise<SFrameKey>>[] | NoKey> {
    const found = this.ring.find(keyId, this.#memberId, this.source);
    if (found !== 'early' || this.#waitedIn === this.ring.changes) {
      return found;
    }
    this.#waitedIn = this.ring.changes;
    await within(this.ring.changed, WAIT_MS[this.codec === 'opus' ? 'audio' : 'video']);
    return this.#find(keyId);
  }
}

async function within(promise: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
