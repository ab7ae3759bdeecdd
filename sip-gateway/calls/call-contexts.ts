import type { Dtls, LegMedia, Srtp } from '../media/index.ts';
import type { NegotiatedAudio, NegotiatedCrypto, NegotiatedDtls } from '../sip/index.ts';

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

  /** Closes all contexts, once the leg is closed. Idempotent. */
  close(): void {
    this.open({}).settled();
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

  #openForPeer({ active, hash, digests }: NegotiatedDtls, rtcpMux: boolean): Associations {
    const settings = [
      active,
      hash,
      rtcpMux,
      ...digests.map((digest) => Buffer.from(digest).toString('hex')),
    ].join(' ');
    if (this.#associations?.settings === settings) {
      return this.#associations;
    }
    const open = () => this.#dtls.open({ active, hash, digests, suites: this.#srtp.suites });
    const first = open();
    try {
      // Each port has its own (RFC 5764 §4.1).
      return { ids: rtcpMux ? [first] : [first, open()], settings };
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
    const { suite, key, mki = [] } = options;
    const settings = [suite, ...[key, mki].map((bytes) => Buffer.from(bytes).toString('base64'))].join(' ');
    return before?.settings === settings ? before : { context: this.#srtp.open(options), settings };
  }
}
