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
}

/** After so long without a packet of the source, the stream may go on from another port of its address, in ms: a NAT has rebound it. */
const REBIND_SILENCE_MS = 2_000;

/**
 * Decides whose packets are a call's media (threat 21: RTP bleed and injection). The address and port of the SDP are always right.
 * After each offer or answer the first valid packet from another port of that address, or from the address of the signalling
 * (symmetric RTP behind a NAT, RFC 4961), is learnt, whenever it comes. From then on it is that one source and no other, until SDP speaks
 * again, or until the same stream goes on from another port of the same address while the old one is silent.
 */
export class SourceLock {
  /** Packets of other sources that were refused. */
  rejected = 0;
  #rules: SourceRules;
  #locked: Endpoint | undefined;
  /** A source other than the locked one may be learnt. */
  #open: boolean;
  /** Locked to exactly what SDP says. */
  #exact = false;
  #lastHeardMs: number;

  constructor(rules: SourceRules, nowMs: number) {
    this.#rules = rules;
    this.#locked = rules.learnt;
    this.#open = rules.learnt === undefined;
    this.#exact = rules.learnt !== undefined && same(rules.learnt, rules.expected);
    this.#lastHeardMs = nowMs;
  }

  /** A new offer or answer: learning restarts. Until then media goes to the learnt source, unless the SDP names another one. */
  update(rules: SourceRules): void {
    if (!same(rules.expected, this.#rules.expected)) this.#locked = undefined;
    this.#rules = rules;
    this.#open = true;
    this.#exact = false;
  }

  /** Where to send: what was learnt, else what SDP says. */
  get target(): Endpoint {
    return this.#locked ?? this.#rules.expected;
  }

  /** The source that was learnt: another object whenever another one is. */
  get learnt(): Endpoint | undefined {
    return this.#locked;
  }

  /**
   * `valid`: the packet is of a payload type that was agreed; only such a one is learnt from. `continues`: it has the stream's SSRC, and its
   * number follows the last one.
   */
  accepts(source: Endpoint, valid: boolean, nowMs: number, continues = false): boolean {
    if (this.#locked && same(source, this.#locked)) {
      this.#lastHeardMs = nowMs;
      if (valid && this.#open) this.#lock(this.#locked);
      return true;
    }
    if (valid && this.#mayLearn(source, continues, nowMs)) {
      this.#lastHeardMs = nowMs;
      this.#lock({ address: source.address, port: source.port });
      return true;
    }
    // What only keeps a NAT open teaches nothing, but is the phone's.
    if (!this.#locked && same(source, this.#rules.expected)) return true;
    this.rejected++;
    return false;
  }

  /** RTCP comes from the media's address, or as long as nothing is learnt from the signalling's; it teaches nothing. */
  acceptsRtcp(source: Endpoint): boolean {
    if (source.address === this.target.address) return true;
    if (!this.#locked && source.address === this.#rules.signallingAddress) return true;
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
    if (!this.#exact && same(source, expected)) return true;
    if (this.#open) return source.address === expected.address || source.address === signallingAddress;
    const rebound = source.address === this.#locked?.address && continues;
    return rebound && nowMs - this.#lastHeardMs >= REBIND_SILENCE_MS;
  }
}

function same(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
