import { type EpochKeys, type SFrameSuite, withoutExcluded } from './epoch-keys.ts';
import { ReplayWindow } from './replay-window.ts';

/** How many bits of the epoch are in a key id (E of RFC 9605 section 5.2). */
const EPOCH_BITS = 8n;
const EPOCHS = 1n << EPOCH_BITS;
/** How long frames of an epoch are accepted after the next epoch began, in milliseconds. */
const OLD_EPOCH_MS = 5000;
/** How many epochs may share a key id: those of a group and of the one that took its place. A frame costs no more attempts than this. */
const MAX_SAME_ID = 2;

/** What a receiver needs to decrypt frames with a key id: one sender's key, and the counters seen from one of its sources. */
export interface ReceiveKey<K> {
  key: K;
  replays: ReplayWindow;
}

/**
 * Why there is no key. `early`: its epoch may come yet. `unknown-key`: it is of no epoch or member. `wrong-sender`: it is of another member
 * than the track.
 */
export type NoKey = 'early' | 'unknown-key' | 'wrong-sender';

/** The key with which this device encrypts, and the counter of the next frame. */
export interface SendKey<K> {
  keyId: bigint;
  key: K;
  counter: bigint;
}

/** Derives one key id's key from its epoch's base key. */
export type DeriveKey<K> = (suite: SFrameSuite, baseKey: Uint8Array, keyId: bigint) => K;

interface Epoch<K> {
  keys: EpochKeys;
  /** One counter for all that this device sends: neither layers nor tracks may use one twice. */
  nextCounter: () => bigint;
  /** Derived when first needed, by leaf and suite. */
  derived: Map<string, K>;
  /** By leaf and source. */
  replays: Map<string, ReplayWindow>;
  end?: ReturnType<typeof setTimeout>;
}

/** The keys of a room's epochs: the current one, and those that ended a moment ago. `K`: a derived key. */
export class KeyRing<K> {
  readonly #deriveKey: DeriveKey<K>;
  /** The newest first. */
  #epochs: Epoch<K>[] = [];
  #current: Epoch<K> | undefined;
  /** The last epoch of each group so far. */
  readonly #last = new Map<string, bigint>();
  #changes = 0;
  #changed = Promise.withResolvers<void>();

  constructor(deriveKey: DeriveKey<K>) {
    this.#deriveKey = deriveKey;
  }

  /**
   * Begins an epoch; one that is not later than those of its group so far changes no keys. The current one again, without some of its
   * members: their frames are dropped from now on.
   *
   * @param nextCounter the counter of each frame that is sent; never the same twice. Default: from 0
   */
  setEpoch(keys: EpochKeys, nextCounter: () => bigint = countFromZero()): void {
    const last = this.#last.get(keys.groupId);
    if (last !== undefined && keys.epoch <= last) {
      if (this.#current?.keys.groupId === keys.groupId && keys.epoch === last) {
        this.#exclude(this.#current.keys, keys);
      }
      return;
    }
    this.#last.set(keys.groupId, keys.epoch);
    const before = this.#current;
    if (before) {
      before.end = setTimeout(() => this.#forget(before), OLD_EPOCH_MS);
    }
    this.#current = { keys, nextCounter, derived: new Map(), replays: new Map() };
    this.#epochs.unshift(this.#current);
    for (const tooMany of this.#sharing(keys.epoch % EPOCHS).slice(MAX_SAME_ID)) {
      this.#forget(tooMany);
    }
    this.#changes += 1;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** How many epochs have begun. */
  get changes(): number {
    return this.#changes;
  }

  /** The number of the current epoch; undefined before the first. */
  get epoch(): bigint | undefined {
    return this.#current?.keys.epoch;
  }

  /** Resolves when the next epoch begins. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Takes a counter for one frame of the current epoch; undefined before the first epoch. */
  takeSendKey(source: string): SendKey<K> | undefined {
    const epoch = this.#current;
    if (!epoch) {
      return undefined;
    }
    const { ownLeaf } = epoch.keys;
    const keyId = (BigInt(ownLeaf) << EPOCH_BITS) | (epoch.keys.epoch % EPOCHS);
    return { keyId, key: this.#derive(epoch, keyId, source), counter: epoch.nextCounter() };
  }

  /**
   * Finds the keys that may be those of a frame of a member's source: seldom more than one, never more than MAX_SAME_ID. Costs no
   * cryptography unless a member of the group has this key id.
   */
  find(keyId: bigint, memberId: string | undefined, source: string): readonly ReceiveKey<K>[] | NoKey {
    const leaf = keyId >> EPOCH_BITS;
    const low = keyId % EPOCHS;
    const epochs = this.#sharing(low);
    if (epochs.length === 0) {
      const ahead = (low - (this.epoch ?? low)) % EPOCHS;
      return this.epoch === undefined || (ahead + EPOCHS) % EPOCHS < EPOCHS / 2n ? 'early' : 'unknown-key';
    }
    const senders = epochs.map(({ keys }) => keys.members.get(Number(leaf)));
    if (senders.every((sender) => sender === undefined)) {
      return 'unknown-key';
    }
    const own = epochs.filter((_, i) => senders[i] !== undefined && senders[i] === memberId);
    if (own.length === 0) {
      return 'wrong-sender';
    }
    const place = `${leaf} ${source}`;
    return own.map((epoch) => {
      const replays = epoch.replays.get(place) ?? new ReplayWindow();
      epoch.replays.set(place, replays);
      return { key: this.#derive(epoch, keyId, source), replays };
    });
  }

  /** Forgets all keys. */
  close(): void {
    for (const { end } of this.#epochs) {
      clearTimeout(end);
    }
    this.#epochs = [];
    this.#current = undefined;
  }

  #exclude(before: EpochKeys, after: EpochKeys): void {
    for (const epoch of this.#epochs) {
      epoch.keys = withoutExcluded(epoch.keys, before, after);
    }
  }

  #sharing(low: bigint): Epoch<K>[] {
    return this.#epochs.filter(({ keys }) => keys.epoch % EPOCHS === low);
  }

  #derive({ keys, derived }: Epoch<K>, keyId: bigint, source: string): K {
    const suite = suiteOf(source);
    const name = `${keyId} ${suite}`;
    const key = derived.get(name) ?? this.#deriveKey(suite, keys.baseKeys[suite], keyId);
    derived.set(name, key);
    return key;
  }

  #forget(epoch: Epoch<K>): void {
    clearTimeout(epoch.end);
    this.#epochs = this.#epochs.filter((each) => each !== epoch);
  }
}

function countFromZero(): () => bigint {
  let counter = 0n;
  return () => counter++;
}

/** Short tags for audio, whose frames are small and many. */
export function suiteOf(source: string): SFrameSuite {
  return source === 'camera' || source === 'screen' ? 'AES_128_GCM_SHA256_128' : 'AES_128_CTR_HMAC_SHA256_80';
}
