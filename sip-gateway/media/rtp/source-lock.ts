import type { Endpoint } from '../../../base/udp/index.ts';

export interface SourceRules {
  /** The peer's address in its SDP. */
  expected: Endpoint;
  /** Source address of the signalling. Behind a NAT, media comes from there too. */
  signallingAddress?: string;
  /** The source that was learnt before, in another thread. */
  learnt?: Endpoint;
}

/** If the source is silent for this long, the stream may continue from another of its ports: a NAT has changed the binding. */
const REBIND_SILENCE_MS = 2_000;

/**
 * Decides which packets to accept for a call (threat 21: RTP bleed and injection). The SDP's address and port are always accepted. After
 * each offer or answer, the source of the first valid packet is learnt if it is another port of that address, or has the signalling
 * address (symmetric RTP behind a NAT, RFC 4961). From then on only that source is accepted, until the next offer or answer, or until the
 * same stream continues from another port of the same address while the old one is silent.
 */
export class SourceLock {
  /** Number of packets from other sources, which are refused. */
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

  /**
   * A new offer or answer restarts learning. Meanwhile media still goes to the old source, unless the SDP names a new address. `nominated`:
   * the source was nominated, and remains so.
   */
  update(rules: SourceRules, nominated = false): void {
    const moved = !same(rules.expected, this.#rules.expected);
    this.#rules = rules;
    if (nominated) {
      return;
    }
    if (moved) {
      this.#locked = undefined;
    }
    this.#open = true;
    this.#exact = false;
  }

  /** Locks to an address that the phone has proved to have (ICE, DTLS). Only another call of this, or update(), replaces it. */
  nominate(source: Endpoint): void {
    this.#lock(source);
    this.#exact = true;
  }

  /** Where to send: the learnt source, or else the SDP's address. */
  get target(): Endpoint {
    return this.#locked ?? this.#rules.expected;
  }

  /** The learnt source: a new object each time one is learnt. */
  get learnt(): Endpoint | undefined {
    return this.#locked;
  }

  /** Whether an unknown source may be the phone, which has yet to prove it. */
  mayBe({ address }: Endpoint): boolean {
    const { expected, signallingAddress } = this.#rules;
    return [expected.address, signallingAddress, this.#locked?.address].includes(address);
  }

  /**
   * Whether to accept a packet. `valid`: it has a negotiated payload type; a source is learnt only from such packets. `continues`: it has
   * the stream's SSRC, and its sequence number closely follows the last one.
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
    // No source is learnt from a NAT keep-alive, but it is a sign of life of the phone.
    if (!this.#locked && same(source, this.#rules.expected)) {
      return true;
    }
    this.rejected++;
    return false;
  }

  /** Whether to accept RTCP: from the address of the media or, until a source is learnt, of the signalling. No source is learnt from it. */
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
