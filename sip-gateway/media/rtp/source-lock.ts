export interface Endpoint {
  address: string;
  port: number;
}

export interface SourceRules {
  /** Where SDP says the media comes from. */
  expected: Endpoint;
  /** Where the signalling came from: behind a NAT, media comes from there too. */
  signallingAddress?: string;
  /** The source learnt earlier, elsewhere. */
  learnt?: Endpoint;
}

/** After this long without a packet from the source, in ms, the stream may continue from another port there: a NAT has rebound it. */
const REBIND_SILENCE_MS = 2_000;

/**
 * Decides whose packets are a call's media (threat 21: RTP bleed and injection). The SDP's address and port are always accepted.
 * After each offer or answer, the source of the first valid packet is learnt, whenever it comes, if it is another port of that address or
 * the signalling address (symmetric RTP behind a NAT, RFC 4961). Only that source counts until the next offer or answer, or until the same
 * stream continues from another port of the same address while the old one is silent.
 */
export class SourceLock {
  /** Packets refused because they came from other sources. */
  rejected = 0;
  #rules: SourceRules;
  #locked: Endpoint | undefined;
  /** A source other than the locked one may be learnt. */
  #open: boolean;
  /** Locked to exactly the SDP's address and port. */
  #exact = false;
  #lastHeardMs: number;

  constructor(rules: SourceRules, nowMs: number) {
    this.#rules = rules;
    this.#locked = rules.learnt;
    this.#open = rules.learnt === undefined;
    this.#exact = rules.learnt !== undefined && same(rules.learnt, rules.expected);
    this.#lastHeardMs = nowMs;
  }

  /** A new offer or answer restarts learning. Meanwhile media still goes to the old source, unless the SDP names a new address. */
  update(rules: SourceRules): void {
    if (!same(rules.expected, this.#rules.expected)) {
      this.#locked = undefined;
    }
    this.#rules = rules;
    this.#open = true;
    this.#exact = false;
  }

  /** Where to send: the learnt source, else the SDP's address. */
  get target(): Endpoint {
    return this.#locked ?? this.#rules.expected;
  }

  /** The learnt source; a new object each time a new source is learnt. */
  get learnt(): Endpoint | undefined {
    return this.#locked;
  }

  /**
   * `valid`: the packet has an agreed payload type; only such packets teach a source. `continues`: it has the stream's SSRC, and its
   * sequence number follows the last one.
   */
  accepts(source: Endpoint, valid: boolean, nowMs: number, continues = false): boolean {
    if (this.#locked && same(source, this.#locked)) {
      this.#lastHeardMs = nowMs;
      if (valid && this.#open) {
        this.#lock(this.#locked);
      }
      return true;
    }
    if (valid && this.#mayLearn(source, continues, nowMs)) {
      this.#lastHeardMs = nowMs;
      this.#lock({ address: source.address, port: source.port });
      return true;
    }
    // A bare NAT keep-alive teaches no source, but it does come from the phone.
    if (!this.#locked && same(source, this.#rules.expected)) {
      return true;
    }
    this.rejected++;
    return false;
  }

  /** RTCP may come from the media's address or, until a source is learnt, from the signalling's. It never teaches a source. */
  acceptsRtcp(source: Endpoint): boolean {
    if (source.address === this.target.address) {
      return true;
    }
    if (!this.#locked && source.address === this.#rules.signallingAddress) {
      return true;
    }
    this.rejected++;
    return false;
  }

  #lock(source: Endpoint): void {
    this.#locked = source;
    this.#open = false;
    this.#exact = same(source, this.#rules.expected);
  }

  #mayLearn(source: Endpoint, continues: boolean, nowMs: number): boolean {
    const { expected, signallingAddress } = this.#rules;
    if (!this.#exact && same(source, expected)) {
      return true;
    }
    if (this.#open) {
      return source.address === expected.address || source.address === signallingAddress;
    }
    const rebound = source.address === this.#locked?.address && continues;
    return rebound && nowMs - this.#lastHeardMs >= REBIND_SILENCE_MS;
  }
}

function same(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
