export interface Endpoint {
  address: string;
  port: number;
}

export interface SourceRules {
  /** Where SDP says the media comes from. */
  expected: Endpoint;
  /** Where the signalling came from: behind a NAT, media comes from there too. */
  signallingAddress?: string;
  /** The source that was learnt before, elsewhere. */
  learnt?: Endpoint;
  /** How long a source other than `expected` may still be learnt, in ms. Default 10000. */
  learningMs?: number;
}

const DEFAULT_LEARNING_MS = 10_000;

/**
 * Decides whose packets are a call's media (threat 21: RTP bleed and injection). The address and port of the SDP are always
 * right. Within a short time after an offer or answer, the first valid packet from another port of that address, or from the
 * address of the signalling (symmetric RTP behind a NAT, RFC 4961), is learnt. From then on it is that one source and no other,
 * until SDP speaks again.
 */
export class SourceLock {
  /** Packets of other sources that were refused. */
  rejected = 0;
  #rules: SourceRules;
  #openUntilMs: number;
  #locked: Endpoint | undefined;
  /** Locked to exactly what SDP says. */
  #exact = false;

  constructor(rules: SourceRules, nowMs: number) {
    this.#rules = rules;
    this.#openUntilMs = nowMs + (rules.learningMs ?? DEFAULT_LEARNING_MS);
    this.#locked = rules.learnt;
    this.#exact = rules.learnt !== undefined && same(rules.learnt, rules.expected);
  }

  /** A new offer or answer: learning begins anew if it names another place; else what was learnt stays. */
  update(rules: SourceRules, nowMs: number): void {
    const moved = !same(rules.expected, this.#rules.expected);
    this.#rules = rules;
    if (!moved) return;
    this.#locked = undefined;
    this.#exact = false;
    this.#openUntilMs = nowMs + (rules.learningMs ?? DEFAULT_LEARNING_MS);
  }

  /** Where to send: what was learnt, else what SDP says. */
  get target(): Endpoint {
    return this.#locked ?? this.#rules.expected;
  }

  get learnt(): boolean {
    return this.#locked !== undefined;
  }

  /** `valid`: the packet is of a payload type that was agreed; only such a one is learnt from. */
  accepts(source: Endpoint, valid: boolean, nowMs: number): boolean {
    if (this.#locked && same(source, this.#locked)) return true;
    if (!this.#exact && valid && this.#mayLearn(source, nowMs)) {
      this.#locked = { address: source.address, port: source.port };
      this.#exact = same(source, this.#rules.expected);
      return true;
    }
    this.rejected++;
    return false;
  }

  /** RTCP comes from the media's address, and on its own port teaches nothing. */
  acceptsRtcp(source: Endpoint): boolean {
    if (source.address === this.target.address) return true;
    this.rejected++;
    return false;
  }

  #mayLearn(source: Endpoint, nowMs: number): boolean {
    if (same(source, this.#rules.expected)) return true;
    if (this.#locked || nowMs > this.#openUntilMs) return false;
    return (
      source.address === this.#rules.expected.address || source.address === this.#rules.signallingAddress
    );
  }
}

function same(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
