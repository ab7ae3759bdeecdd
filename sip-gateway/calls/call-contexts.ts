import type { Srtp, SrtpState } from '../media/index.ts';
import type { NegotiatedCrypto } from '../sip/index.ts';

/** An SRTP context, and what it was opened for. */
interface Opened {
  readonly context: number;
  readonly settings: string;
}

interface Pair {
  readonly send: Opened;
  readonly receive: Opened;
}

/**
 * The SRTP contexts of one call. A context stays open as long as its key is in use, over re-INVITEs and moves between media threads, so its
 * counters and its replay window continue.
 */
export class CallContexts {
  readonly #srtp: Srtp;
  #pair: Pair | undefined;
  /** Contexts whose keys are no longer agreed, but which a media thread may still use. */
  readonly #retired = new Set<number>();

  constructor(srtp: Srtp) {
    this.#srtp = srtp;
  }

  /**
   * Opens contexts for newly agreed keys; those of unchanged ones are reused. Call `settled` once the media thread uses the result: it closes
   * the contexts that are no longer needed.
   */
  open(crypto: NegotiatedCrypto | undefined): {
    srtp?: { send: number; receive: number };
    settled(): void;
  } {
    const before = this.#pair;
    this.#pair = crypto && this.#openPair(crypto);
    const used = [this.#pair?.send.context, this.#pair?.receive.context];
    for (const opened of [before?.send, before?.receive]) {
      if (opened && !used.includes(opened.context)) {
        this.#retired.add(opened.context);
      }
    }
    const retired = [...this.#retired];
    return {
      ...(this.#pair && { srtp: { send: this.#pair.send.context, receive: this.#pair.receive.context } }),
      settled: () => {
        for (const context of retired) {
          this.#retired.delete(context);
          this.#srtp.close(context);
        }
      },
    };
  }

  /** The counters of both directions; undefined if the call is not encrypted. */
  save(): { send: SrtpState; receive: SrtpState } | undefined {
    return (
      this.#pair && {
        send: this.#srtp.state(this.#pair.send.context),
        receive: this.#srtp.state(this.#pair.receive.context),
      }
    );
  }

  /** Opens contexts that continue those of an earlier process; open() with the same keys then uses them. */
  restore(crypto: NegotiatedCrypto, { send, receive }: { send: SrtpState; receive: SrtpState }): void {
    const { suite, sendKey, receiveKey, receiveMki: mki, window } = crypto;
    const one = (options: Parameters<Srtp['open']>[0], state: SrtpState): Opened => ({
      context: this.#srtp.resume(options, state),
      settings: settingsOf(options),
    });
    this.#pair = {
      send: one({ sending: true, suite, key: sendKey }, send),
      receive: one({ sending: false, suite, key: receiveKey, mki, window }, receive),
    };
  }

  /** Closes all contexts, once the leg is closed. Idempotent. */
  close(): void {
    this.open(undefined).settled();
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
