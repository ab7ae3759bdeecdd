import {
  type EpochKeys,
  encodeHeader,
  frameMetadata,
  KeyRing,
  type NoKey,
  parseHeader,
} from '../../../contract/sframe/index.ts';
import { AudioKey, TAG_BYTES } from './audio-key.ts';

/** An epoch's keys, and the counter of the frames that this device sends in it, which outlives a media thread: none may be used twice. */
export interface RoomEpoch {
  keys: EpochKeys;
  /** 8 bytes: the next counter. */
  counter: SharedArrayBuffer;
}

/** Whose frames a source of the room may send. */
export interface RoomSource {
  ssrc: number;
  /** The member of the group, as EpochKeys name it; undefined: nobody, so that nothing of it is heard. */
  memberId: string | undefined;
  source: string;
}

/**
 * Why a frame was not sent or not accepted. `no-key`: there is no key yet. `malformed`: it is too short for an encrypted frame. `forged`: it
 * is not what its sender encrypted for this source. `replayed`: it was received before. `unknown-source`: nobody announced it. The others:
 * see NoKey.
 */
export type Refusal = NoKey | 'no-key' | 'malformed' | 'forged' | 'replayed' | 'unknown-source';

/** What happened to frames. */
export interface CipherCounts {
  encrypted: number;
  decrypted: number;
  /** Frames that were dropped, by reason. */
  refused: Partial<Record<Refusal, number>>;
}

/** Sums counts up. */
export function addCounts(all: CipherCounts, { encrypted, decrypted, refused }: CipherCounts): CipherCounts {
  const sum = { ...all.refused };
  for (const [reason, count] of Object.entries(refused) as [Refusal, number][]) {
    sum[reason] = (sum[reason] ?? 0) + count;
  }
  return { encrypted: all.encrypted + encrypted, decrypted: all.decrypted + decrypted, refused: sum };
}

export const NO_FRAMES: CipherCounts = { encrypted: 0, decrypted: 0, refused: {} };

/** What phones say: of the sources that clients know, the one that takes voices. */
const PHONE_SOURCE = 'microphone';

/**
 * Encrypts what a room's phones say, and decrypts what they hear, with SFrame (RFC 9605). All phones send as one member, the gateway. It
 * fails closed: without a key nothing is sent, and what its announced member has not encrypted for its source is dropped and counted.
 */
export class RoomCipher {
  readonly counts: CipherCounts = { encrypted: 0, decrypted: 0, refused: {} };
  readonly #ring = new KeyRing((_suite, baseKey, keyId) => new AudioKey(baseKey, keyId));
  readonly #sources = new Map<number, RoomSource & { metadata: Uint8Array }>();
  readonly #metadata = frameMetadata(PHONE_SOURCE);

  /** The latest epochs, oldest first. None: all keys are forgotten. */
  setEpochs(epochs: readonly RoomEpoch[]): void {
    for (const { keys, counter } of epochs) {
      const next = new BigUint64Array(counter);
      this.#ring.setEpoch(keys, () => Atomics.add(next, 0, 1n));
    }
    if (epochs.length === 0) {
      this.#ring.close();
    }
  }

  setSources(sources: readonly RoomSource[]): void {
    this.#sources.clear();
    for (const each of sources) {
      this.#sources.set(each.ssrc, { ...each, metadata: frameMetadata(each.source) });
    }
  }

  /** Encrypts a phone's frame. Null: it must not be sent. */
  seal(frame: Uint8Array): Uint8Array | null {
    const taken = this.#ring.takeSendKey(PHONE_SOURCE);
    if (!taken) {
      this.refuse('no-key');
      return null;
    }
    const header = encodeHeader(taken.keyId, taken.counter);
    const sealed = taken.key.seal(taken.counter, Buffer.concat([header, this.#metadata]), frame);
    this.counts.encrypted += 1;
    return Buffer.concat([header, sealed]);
  }

  /** Decrypts a frame of a source. A refusal is not counted yet: an `early` frame may be tried again. */
  open(frame: Uint8Array, ssrc: number): Uint8Array | Refusal {
    const from = this.#sources.get(ssrc);
    if (!from) {
      return 'unknown-source';
    }
    const header = parseHeader(frame);
    if (!header || frame.length < header.length + TAG_BYTES) {
      return 'malformed';
    }
    const found = this.#ring.find(header.keyId, from.memberId, from.source);
    if (typeof found === 'string') {
      return found;
    }
    const { counter, length } = header;
    const aad = Buffer.concat([frame.subarray(0, length), from.metadata]);
    const fresh = found.filter(({ replays }) => replays.isFresh(counter));
    for (const { key, replays } of fresh) {
      const plain = key.open(counter, aad, frame.subarray(length));
      if (plain && replays.accept(counter)) {
        this.counts.decrypted += 1;
        return plain;
      }
    }
    return fresh.length === found.length ? 'forged' : 'replayed';
  }

  refuse(reason: Refusal): void {
    this.counts.refused[reason] = (this.counts.refused[reason] ?? 0) + 1;
  }

  close(): void {
    this.#ring.close();
  }
}
