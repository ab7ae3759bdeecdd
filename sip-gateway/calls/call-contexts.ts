import type { Dtls, LegMedia, Srtp } from '../media/index.ts';
import type { NegotiatedAudio, NegotiatedCrypto, NegotiatedDtls } from '../sip/index.ts';
import type { SavedContexts, SavedKeys } from './saved-media.ts';

/** An SRTP context, and what it was opened for. */
interface Opened {
  readonly context: number;
  readonly settings: string;
}

interface Pair {
  readonly send: Opened;
  readonly receive: Opened;
}

/** DTLS associations, and what they were opened for. */
interface Associations {
  readonly ids: readonly number[];
  readonly settings: string;
  readonly active: boolean;
  /** The keys that their handshakes have yielded, as far as they were asked for. */
  readonly keys: Map<number, SavedKeys>;
}

/**
 * The SRTP contexts and DTLS associations of one call. A context stays open as long as its key is in use, over re-INVITEs and moves between media threads, so its
 * counters and its replay window continue. So does an association, until the fingerprint or a role changes.
 */
export class CallContexts {
  readonly #srtp: Srtp;
  readonly #dtls: Dtls;
  #pair: Pair | undefined;
  #associations: Associations | undefined;
  /** Contexts whose keys are no longer agreed, but which a media thread may still use. */
  readonly #retired = new Set<number>();
  readonly #retiredAssociations = new Set<number>();

  constructor({ srtp, dtls }: { srtp: Srtp; dtls: Dtls }) {
    this.#srtp = srtp;
    this.#dtls = dtls;
  }

  /**
   * Opens contexts for newly agreed keys, or associations for a newly agreed fingerprint; those of unchanged ones are reused. Call `settled`
   * once the media thread uses the result: it closes those that are no longer needed.
   */
  open({
    crypto,
    dtls,
    rtcpMux = false,
  }: Partial<Pick<NegotiatedAudio, 'crypto' | 'dtls' | 'rtcpMux'>>): Pick<LegMedia, 'srtp' | 'dtls'> & {
    settled(): void;
  } {
    const before = this.#pair;
    this.#pair = crypto && this.#openPair(crypto);
    const associations = this.#openAssociations(dtls, rtcpMux);
    const used = [this.#pair?.send.context, this.#pair?.receive.context];
    for (const opened of [before?.send, before?.receive]) {
      if (opened && !used.includes(opened.context)) {
        this.#retired.add(opened.context);
      }
    }
    const retired = [...this.#retired];
    return {
      ...(this.#pair && { srtp: { send: this.#pair.send.context, receive: this.#pair.receive.context } }),
      ...(dtls && { dtls: { active: dtls.active, associations: associations.used } }),
      settled: () => {
        for (const association of associations.retired) {
          this.#retiredAssociations.delete(association);
          for (const context of this.#dtls.close(association)) {
            this.#srtp.close(context);
          }
        }
        for (const context of retired) {
          this.#retired.delete(context);
          this.#srtp.close(context);
        }
      },
    };
  }

  /** What is needed to continue: for each port, null before its handshake. Undefined if the call is not encrypted. */
  save(): Array<SavedContexts | null> | undefined {
    const { send, receive } = this.#pair ?? {};
    if (send && receive) {
      return [this.#counters({ send: send.context, receive: receive.context })];
    }
    return this.#associations?.ids.map((id) => {
      const contexts = this.#dtls.contexts(id);
      const keys = contexts && this.#keysOf(id);
      return contexts && keys ? { ...this.#counters(contexts), keys } : null;
    });
  }

  /** Opens what continues the contexts of an earlier process; open() with the same agreement then uses it. */
  restore(
    { crypto, dtls, rtcpMux }: Pick<NegotiatedAudio, 'crypto' | 'dtls' | 'rtcpMux'>,
    saved: ReadonlyArray<SavedContexts | null>,
  ): void {
    const [first] = saved;
    if (crypto && first) {
      const { suite, sendKey, receiveKey, receiveMki: mki, window } = crypto;
      const own = { sending: true, suite, key: sendKey };
      const theirs = { sending: false, suite, key: receiveKey, mki, window };
      this.#pair = {
        send: { context: this.#srtp.resume(own, first.send), settings: settingsOf(own) },
        receive: { context: this.#srtp.resume(theirs, first.receive), settings: settingsOf(theirs) },
      };
    }
    this.#associations = dtls && this.#openForPeer(dtls, rtcpMux);
    for (const [index, id] of (this.#associations?.ids ?? []).entries()) {
      const { keys, send, receive } = saved[index] ?? {};
      if (keys && send && receive) {
        const { suite } = keys;
        this.#associations?.keys.set(id, keys);
        this.#dtls.attach(id, {
          send: this.#srtp.resume({ sending: true, suite, key: keys.send }, send),
          receive: this.#srtp.resume({ sending: false, suite, key: keys.receive }, receive),
        });
      }
    }
  }

  /** Closes all contexts, once the leg is closed. Idempotent. */
  close(): void {
    this.open({}).settled();
  }

  #counters({ send, receive }: { send: number; receive: number }): SavedContexts {
    return { send: this.#srtp.state(send), receive: this.#srtp.state(receive) };
  }

  #keysOf(association: number): SavedKeys | undefined {
    const { active = false, keys } = this.#associations ?? {};
    const known = keys?.get(association);
    const agreed = known ? undefined : this.#dtls.keys(association);
    if (!agreed) {
      return known;
    }
    const { suite, client, server } = agreed;
    const own = active ? { send: client, receive: server } : { send: server, receive: client };
    keys?.set(association, { suite, ...own });
    return { suite, ...own };
  }

  #openAssociations(dtls: NegotiatedDtls | undefined, rtcpMux: boolean) {
    const before = this.#associations;
    this.#associations = dtls && this.#openForPeer(dtls, rtcpMux);
    const used = this.#associations?.ids ?? [];
    for (const association of before?.ids ?? []) {
      if (!used.includes(association)) {
        this.#retiredAssociations.add(association);
      }
    }
    return { used, retired: [...this.#retiredAssociations] };
  }

  #openForPeer({ active, hash, digests, tlsId = '' }: NegotiatedDtls, rtcpMux: boolean): Associations {
    const settings = [
      active,
      hash,
      rtcpMux,
      tlsId,
      ...digests.map((digest) => Buffer.from(digest).toString('hex')),
    ].join(' ');
    if (this.#associations?.settings === settings) {
      return this.#associations;
    }
    const open = () => this.#dtls.open({ active, hash, digests, suites: this.#srtp.suites });
    const first = open();
    try {
      // Each port has its own (RFC 5764 §4.1).
      return { ids: rtcpMux ? [first] : [first, open()], settings, active, keys: new Map() };
    } catch (error) {
      this.#dtls.close(first);
      throw error;
    }
  }

  #openPair({ suite, sendKey, receiveKey, receiveMki: mki, window }: NegotiatedCrypto): Pair {
    const send = this.#openOne(this.#pair?.send, { sending: true, suite, key: sendKey });
    try {
      return {
        send,
        receive: this.#openOne(this.#pair?.receive, { sending: false, suite, key: receiveKey, mki, window }),
      };
    } catch (error) {
      if (send !== this.#pair?.send) {
        this.#srtp.close(send.context);
      }
      throw error;
    }
  }

  #openOne(before: Opened | undefined, options: Parameters<Srtp['open']>[0]): Opened {
    const settings = settingsOf(options);
    return before?.settings === settings ? before : { context: this.#srtp.open(options), settings };
  }
}

/** What must be the same for a context to be kept. */
function settingsOf({ suite, key, mki }: Parameters<Srtp['open']>[0]): string {
  return [suite, ...[key, mki ?? []].map((bytes) => Buffer.from(bytes).toString('base64'))].join(' ');
}
