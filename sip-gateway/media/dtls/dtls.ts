import { locate } from './build.mjs';
import { loadNative, type NativeBinding } from './native-binding.ts';

export interface DtlsOptions {
  /** File of the built add-on. Default: the output of build.mjs. */
  path?: string;
  /** `portable` does without the add-on, and so without DTLS. Default `native`. */
  prefer?: 'native' | 'portable';
  /** The identity of an earlier process, whose calls go on. Default: a new one. */
  identity?: DtlsIdentity | undefined;
}

/** Our private key and certificate, DER. Plain data. */
export interface DtlsIdentity {
  readonly key: Uint8Array;
  readonly certificate: Uint8Array;
}

/** Hash functions for fingerprints, best last. Weaker ones are not accepted. */
export const FINGERPRINT_HASHES = ['sha-256', 'sha-384', 'sha-512'] as const;
export type FingerprintHash = (typeof FINGERPRINT_HASHES)[number];

export interface DtlsAssociationOptions {
  /** Whether we begin the handshake. */
  active: boolean;
  hash: FingerprintHash;
  /** The peer's certificate has one of these digests. */
  digests: readonly Uint8Array[];
  /** SRTP suites to offer or accept, in the notation of RFC 4568; those without a profile are skipped. */
  suites: readonly string[];
}

export type DtlsState = 'handshake' | 'connected' | 'failed';

/** What a completed handshake yields. Keys are master keys, each followed by its salt. */
export interface DtlsKeys {
  suite: string;
  client: Uint8Array;
  server: Uint8Array;
}

interface Profile {
  id: number;
  /** OpenSSL's name. */
  name: string;
  suite: string;
  keyBytes: number;
  saltBytes: number;
}

/** The profiles of RFC 5764 §4.1.2 and RFC 7714 §14.2, the best ones first. */
const PROFILES: readonly Profile[] = [
  { id: 8, name: 'SRTP_AEAD_AES_256_GCM', suite: 'AEAD_AES_256_GCM', keyBytes: 32, saltBytes: 12 },
  { id: 7, name: 'SRTP_AEAD_AES_128_GCM', suite: 'AEAD_AES_128_GCM', keyBytes: 16, saltBytes: 12 },
  { id: 1, name: 'SRTP_AES128_CM_SHA1_80', suite: 'AES_CM_128_HMAC_SHA1_80', keyBytes: 16, saltBytes: 14 },
  { id: 2, name: 'SRTP_AES128_CM_SHA1_32', suite: 'AES_CM_128_HMAC_SHA1_32', keyBytes: 16, saltBytes: 14 },
];
const STATES: readonly DtlsState[] = ['handshake', 'connected', 'failed'];
const MAX_DATAGRAM_BYTES = 2048;

/**
 * DTLS-SRTP (RFC 5764) by OpenSSL, without sockets. An association belongs to the process, not to the thread that opened it. It must be used
 * by one thread at a time.
 */
export class Dtls {
  /** The value of our a=fingerprint line; undefined without OpenSSL. The certificate lives as long as the process. */
  readonly fingerprint: string | undefined;
  /** Why there is none. */
  readonly reason: string | undefined;
  readonly #binding: NativeBinding | undefined;
  readonly #out = new Uint8Array(MAX_DATAGRAM_BYTES);

  private constructor(binding: NativeBinding | undefined, reason?: string) {
    this.#binding = binding;
    this.reason = reason;
    this.fingerprint = binding?.fingerprint;
  }

  /** Loads the add-on. Never throws. */
  static load({ path, prefer, identity }: DtlsOptions = {}): Dtls {
    if (prefer === 'portable') {
      return new Dtls(undefined, 'The portable media was requested.');
    }
    const file = path ?? locate();
    if (!file) {
      return new Dtls(
        undefined,
        "The add-on for the keys of phones' encryption (DTLS) is not built; run node sip-gateway/media/dtls/build.mjs, which says what it needs.",
      );
    }
    try {
      const native = loadNative(file);
      const fingerprint = identity ? native.resume(identity.key, identity.certificate) : native.fingerprint;
      return new Dtls({ ...native, fingerprint });
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      return new Dtls(
        undefined,
        `The add-on for the keys of phones' encryption (DTLS) at ${file} does not load: ${why}`,
      );
    }
  }

  /** What a later process needs to keep the fingerprint; undefined without OpenSSL. */
  get identity(): DtlsIdentity | undefined {
    const [key, certificate] = this.#binding?.identity() ?? [];
    return key && certificate && { key, certificate };
  }

  /** Opens an association and returns its id. The caller closes it. @throws {RangeError} wrong digests, no profile, or too many of them */
  open({ active, hash, digests, suites }: DtlsAssociationOptions): number {
    const profiles = PROFILES.filter(({ suite }) => suites.includes(suite)).map(({ name }) => name);
    if (profiles.length === 0) {
      throw new RangeError('there is no SRTP profile');
    }
    return this.#native.open(
      active,
      FINGERPRINT_HASHES.indexOf(hash),
      Buffer.concat(digests),
      Buffer.from(profiles.join(':')),
    );
  }

  /** Handles a received datagram. Without one, begins the handshake, or repeats what is due. */
  receive(association: number, datagram: Uint8Array = new Uint8Array(0)): DtlsState {
    return STATES[this.#native.receive(association, datagram)] ?? 'failed';
  }

  /** The datagrams to send. */
  *sending(association: number): Generator<Uint8Array> {
    for (;;) {
      const length = this.#native.take(association, this.#out);
      if (length === 0) {
        return;
      }
      yield this.#out.slice(0, length);
    }
  }

  /** The keys that both sides have agreed on (RFC 5764 §4.2). Undefined before the end of the handshake. */
  keys(association: number): DtlsKeys | undefined {
    // The profile decides how long the material is.
    const id = this.#native.keys(association, new Uint8Array(1));
    const profile = PROFILES.find((each) => each.id === id);
    if (!profile) {
      return undefined;
    }
    const { suite, keyBytes, saltBytes } = profile;
    const material = new Uint8Array(2 * (keyBytes + saltBytes));
    this.#native.keys(association, material);
    const key = (index: number) => material.subarray(index * keyBytes, (index + 1) * keyBytes);
    const salt = (index: number) => {
      const at = 2 * keyBytes + index * saltBytes;
      return material.subarray(at, at + saltBytes);
    };
    return {
      suite,
      client: Buffer.concat([key(0), salt(0)]),
      server: Buffer.concat([key(1), salt(1)]),
    };
  }

  /**
   * Remembers the SRTP contexts made from the keys, for the threads that follow. Before the handshake, they are those of an earlier process:
   * the keys stay in use without an association, so nothing is sent, and what is received has no effect. Returns whether it is open.
   */
  attach(association: number, { send, receive }: { send: number; receive: number }): boolean {
    return this.#native.attach(association, send, receive);
  }

  contexts(association: number): { send: number; receive: number } | undefined {
    const [send, receive] = this.#native.contexts(association);
    return send === undefined || receive === undefined ? undefined : { send, receive };
  }

  /** Why it failed. */
  failure(association: number): string {
    return this.#native.reason(association);
  }

  /** Returns its SRTP contexts, which the caller closes. Idempotent. */
  close(association: number): readonly number[] {
    return this.#native.close(association);
  }

  get #native(): NativeBinding {
    if (!this.#binding) {
      throw new RangeError(this.reason);
    }
    return this.#binding;
  }
}
