import type { EventData, Participant } from '../../contract/index.ts';

export interface RosterHost {
  joined(participant: Participant): void;
  updated(participant: Participant): void;
  left(participant: Participant, reason: EventData<'participant.left'>['reason']): void;
  /** The current speaker changed; null: nobody. */
  speaker(participantId: string | null): void;
}

/** The participants of a room and the current speaker. */
export class Roster {
  readonly #host: RosterHost;
  readonly #participants = new Map<string, Participant>();
  #speaker: string | null = null;

  constructor(host: RosterHost) {
    this.#host = host;
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.#participants;
  }

  get speaker(): string | null {
    return this.#speaker;
  }

  /** Applies a snapshot: participants that it does not list have left. */
  reset(participants: readonly Participant[], speaker: string | null): void {
    const present = new Set(participants.map(({ participantId }) => participantId));
    for (const participantId of [...this.#participants.keys()]) {
      if (!present.has(participantId)) {
        this.remove(participantId, 'left');
      }
    }
    for (const participant of participants) {
      this.set(participant);
    }
    this.setSpeaker(speaker);
  }

  set(participant: Participant): void {
    const known = this.#participants.has(participant.participantId);
    this.#participants.set(participant.participantId, participant);
    if (known) {
      this.#host.updated(participant);
    } else {
      this.#host.joined(participant);
    }
  }

  remove(participantId: string, reason: EventData<'participant.left'>['reason']): void {
    const participant = this.#participants.get(participantId);
    if (!participant) {
      return;
    }
    this.#participants.delete(participantId);
    this.#host.left(participant, reason);
  }

  setSpeaker(participantId: string | null): void {
    if (participantId === this.#speaker) {
      return;
    }
    this.#speaker = participantId;
    this.#host.speaker(participantId);
  }
}
