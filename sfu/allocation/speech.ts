/** Who speaks and when each spoke last, by participant; fed with the dominant speaker. */
export class Speech {
  readonly #lastSpokeAtMs = new Map<string, number>();
  #speaker: string | null = null;

  /** Somebody else is the dominant speaker from now on; null: nobody. */
  setSpeaker(participantId: string | null, nowMs: number): void {
    if (this.#speaker !== null) this.#lastSpokeAtMs.set(this.#speaker, nowMs);
    if (participantId !== null) this.#lastSpokeAtMs.set(participantId, nowMs);
    this.#speaker = participantId;
  }

  of(participantId: string, nowMs: number): { speaking: boolean; lastSpokeAtMs: number | null } {
    const speaking = participantId === this.#speaker;
    return { speaking, lastSpokeAtMs: speaking ? nowMs : (this.#lastSpokeAtMs.get(participantId) ?? null) };
  }

  forget(participantId: string): void {
    this.#lastSpokeAtMs.delete(participantId);
    if (this.#speaker === participantId) this.#speaker = null;
  }
}
