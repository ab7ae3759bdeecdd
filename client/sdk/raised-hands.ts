export interface RaisedHand {
  participantId: string;
  /** When the hand was raised, by the server's clock: Unix time in milliseconds. */
  raisedAtMs: number;
}

export interface RaisedHandsHost {
  raised(participantId: string): void;
  lowered(participantId: string, by: string | undefined): void;
}

/** The raised hands in a room, longest-raised first. */
export class RaisedHands {
  readonly #host: RaisedHandsHost;
  #hands: readonly RaisedHand[] = [];

  constructor(host: RaisedHandsHost) {
    this.#host = host;
  }

  get list(): readonly RaisedHand[] {
    return this.#hands;
  }

  /** Applies a snapshot. */
  reset(hands: readonly RaisedHand[]): void {
    for (const { participantId } of this.#hands) {
      if (!hands.some((each) => each.participantId === participantId)) {
        this.lower(participantId);
      }
    }
    const known = new Set(this.#hands.map(({ participantId }) => participantId));
    this.#hands = hands;
    for (const { participantId } of hands) {
      if (!known.has(participantId)) {
        this.#host.raised(participantId);
      }
    }
  }

  raise(hand: RaisedHand): void {
    this.#hands = [...this.#hands, hand];
    this.#host.raised(hand.participantId);
  }

  /** @param by who lowered it; undefined if its owner left or the server did not say */
  lower(participantId: string, by?: string): void {
    const rest = this.#hands.filter((hand) => hand.participantId !== participantId);
    if (rest.length === this.#hands.length) {
      return;
    }
    this.#hands = rest;
    this.#host.lowered(participantId, by);
  }
}
