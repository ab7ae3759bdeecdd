import type { SnapshotPart } from '../../contract/index.ts';

/** What moderators did to a participant: muted it, or keep it from starting something. */
export type Restraint = SnapshotPart<'moderation'>['restraints'][number];

/** The restraints of the participants in a room. */
export class Restraints {
  readonly #restraints = new Map<string, Restraint>();

  of(participantId: string): Restraint {
    return this.#restraints.get(participantId) ?? { participantId, muted: false, denied: [] };
  }

  /** Applies a snapshot. Returns the participants whose restraint it changed. */
  reset(restraints: readonly Restraint[]): string[] {
    const before = new Map(this.#restraints);
    this.#restraints.clear();
    for (const restraint of restraints) {
      this.set(restraint);
    }
    const either = new Set([...before.keys(), ...this.#restraints.keys()]);
    return [...either].filter((participantId) => !isSame(before.get(participantId), this.of(participantId)));
  }

  set({ participantId, muted, denied }: Restraint): void {
    this.#restraints.set(participantId, { participantId, muted, denied });
  }

  drop(participantId: string): void {
    this.#restraints.delete(participantId);
  }
}

function isSame(before: Restraint | undefined, { muted, denied }: Restraint): boolean {
  return (before?.muted ?? false) === muted && (before?.denied ?? []).join() === denied.join();
}
