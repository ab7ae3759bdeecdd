import type { Participant } from '../../../../contract/index.ts';
import type { EncryptionAlarm, EncryptionAlarmKind } from '../encryption-state.ts';
import type { RoomGroup } from './room-group.ts';

/** When the present member with the lowest leaf takes leaves of absent people out, and each further one, in milliseconds. */
const FIRST_REMOVAL_MS = 50;
const NEXT_REMOVAL_MS = 1000;
/** After so many attempts, the time between them no longer grows. */
const MAX_TRIES_COUNTED = 10;

export interface GroupWatchHost {
  /** The server's roster. */
  participants(): Iterable<Participant>;
  /** Takes these leaves out. */
  remove(leaves: readonly number[]): void;
  alarm(alarm: EncryptionAlarm): void;
  /** How long a difference between the two rosters is normal, in milliseconds: people come and go. */
  patienceMs: number;
}

/**
 * Compares the group's members with the people that the server lists. Whoever has left the room is taken out of the group; what stays
 * different raises an alarm.
 */
export class GroupWatch {
  readonly #host: GroupWatchHost;
  /** Since when somebody is in one roster only, as `kind deviceId`: the timer that raises the alarm. */
  readonly #differences = new Map<string, ReturnType<typeof setTimeout>>();
  #removal: ReturnType<typeof setTimeout> | undefined;
  /** The leaves that it is for, and how often that was tried. */
  #leaving = { leaves: '', tries: 0, isPlanned: false };
  #group: RoomGroup | undefined;

  constructor(host: GroupWatchHost) {
    this.#host = host;
  }

  /** Compares again: after each new epoch, and each change of the server's roster. */
  check(group: RoomGroup | undefined = this.#group): void {
    this.#group = group;
    if (!group) {
      return;
    }
    const present = new Map<string, Participant>();
    for (const participant of this.#host.participants()) {
      if (participant.deviceId !== undefined) {
        present.set(participant.deviceId, participant);
      }
    }
    const members = new Set([...group.members.values()].map(({ deviceId }) => deviceId));
    const absent = [...group.members].filter(([, { deviceId }]) => !present.has(deviceId));
    this.#compare('stranger', new Set(absent.map(([, { deviceId }]) => deviceId)));
    this.#compare('outside', new Set([...present.keys()].filter((deviceId) => !members.has(deviceId))));
    for (const { deviceId, accountIds } of group.members.values()) {
      const claimed = present.get(deviceId)?.accountId;
      if (claimed !== undefined && !accountIds.includes(claimed)) {
        this.#host.alarm({ kind: 'identity', deviceId });
      }
    }
    this.#planRemoval(
      group,
      absent.map(([leaf]) => leaf),
      present,
    );
  }

  close(): void {
    clearTimeout(this.#removal);
    for (const timer of this.#differences.values()) {
      clearTimeout(timer);
    }
    this.#differences.clear();
    this.#group = undefined;
  }

  #compare(kind: EncryptionAlarmKind, deviceIds: ReadonlySet<string>): void {
    for (const [key, timer] of this.#differences) {
      const [of, deviceId = ''] = key.split(' ');
      if (of === kind && !deviceIds.has(deviceId)) {
        clearTimeout(timer);
        this.#differences.delete(key);
      }
    }
    for (const deviceId of deviceIds) {
      const key = `${kind} ${deviceId}`;
      if (!this.#differences.has(key)) {
        this.#differences.set(
          key,
          setTimeout(() => this.#host.alarm({ kind, deviceId }), this.#host.patienceMs),
        );
      }
    }
  }

  /** The present members take turns, by leaf, until it is done. */
  #planRemoval(group: RoomGroup, leaves: readonly number[], present: ReadonlyMap<string, Participant>): void {
    const names = leaves.join(' ');
    if (names === this.#leaving.leaves && this.#leaving.isPlanned) {
      return;
    }
    clearTimeout(this.#removal);
    const tries = names === this.#leaving.leaves ? this.#leaving.tries : 0;
    const plan = { leaves: names, tries, isPlanned: leaves.length > 0 };
    this.#leaving = plan;
    if (leaves.length === 0) {
      return;
    }
    const before = [...group.members].filter(
      ([leaf, { deviceId }]) => leaf < group.ownLeaf && present.get(deviceId)?.connected,
    );
    // The server may not agree that they have left.
    const again = Math.min(tries, MAX_TRIES_COUNTED) * NEXT_REMOVAL_MS;
    const delayMs = FIRST_REMOVAL_MS + before.length * NEXT_REMOVAL_MS + again;
    this.#removal = setTimeout(() => {
      plan.isPlanned = false;
      plan.tries += 1;
      this.#host.remove(leaves);
    }, delayMs);
  }
}
