import type { Participant } from '../../../../contract/index.ts';
import type { EncryptionAlarm, EncryptionAlarmKind } from '../encryption-state.ts';
import type { RoomGroup } from './room-group.ts';

/** When the present member with the lowest leaf takes leaves of absent people out, and each further one, in milliseconds. */
const FIRST_REMOVAL_MS = 50;
const NEXT_REMOVAL_MS = 1000;
/** After so many attempts, the time between them no longer grows. */
const MAX_TRIES_COUNTED = 10;

/** Differences are counted together over so many times the patience: somebody who comes and goes is noticed too. */
const WINDOW = 6;
/** The most earlier times of a difference that are kept. */
const MAX_SPANS = 1000;

interface Span {
  fromMs: number;
  toMs: number;
}

/** Somebody is, or was lately, in one roster only. */
interface Difference {
  /** Earlier times. */
  spans: readonly Span[];
  /** Since when it is so now, and what raises the alarm. */
  sinceMs?: number;
  timer?: ReturnType<typeof setTimeout>;
}

export interface GroupWatchHost {
  /** The server's roster. */
  participants(): Iterable<Participant>;
  /** Whether somebody is revoked, and has to be taken out even if they are listed as present. */
  isRevoked(deviceId: string): boolean;
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
  readonly #differences = new Map<string, Difference>();
  /** The device of each participant, as it was listed first. */
  readonly #devices = new Map<string, string | undefined>();
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
    const participants = [...this.#host.participants()];
    this.#requireSameDevices(participants);
    const gateways = new Set(
      [...group.members.values()].flatMap(({ deviceId, isGateway }) => (isGateway ? [deviceId] : [])),
    );
    const present = new Map<string, Participant>();
    const twice = new Set<string>();
    for (const participant of participants) {
      const { deviceId, connected } = participant;
      if (deviceId === undefined) {
        continue;
      }
      // Phones share their gateway's device. Somebody whose connection was lost may be listed for a while after their device came back.
      if (connected && present.get(deviceId)?.connected && !gateways.has(deviceId)) {
        twice.add(deviceId);
      }
      if (connected || !present.has(deviceId)) {
        present.set(deviceId, participant);
      }
    }
    this.#compare('identity', twice);
    const members = new Set([...group.members.values()].map(({ deviceId }) => deviceId));
    for (const { deviceId, kind } of participants) {
      if (deviceId !== undefined && members.has(deviceId) && gateways.has(deviceId) !== (kind === 'phone')) {
        this.#host.alarm({ kind: 'identity', deviceId, detail: 'the gateway’s device is not a phone’s' });
      }
    }
    const absent = [...group.members].filter(([, { deviceId }]) => !present.has(deviceId));
    const leaving = [...group.members].filter(
      ([leaf, { deviceId }]) =>
        leaf !== group.ownLeaf && (!present.has(deviceId) || this.#host.isRevoked(deviceId)),
    );
    this.#compare('stranger', new Set(absent.map(([, { deviceId }]) => deviceId)));
    const without = participants.some(({ deviceId }) => deviceId === undefined) ? [''] : [];
    const outside = [...present.keys()].filter((deviceId) => !members.has(deviceId));
    this.#compare('outside', new Set([...outside, ...without]));
    for (const { deviceId, accountId } of group.members.values()) {
      const claimed = present.get(deviceId)?.accountId;
      if (claimed !== undefined && accountId !== claimed) {
        this.#host.alarm({ kind: 'identity', deviceId });
      }
    }
    this.#planRemoval(
      group,
      leaving.map(([leaf]) => leaf),
      present,
    );
  }

  close(): void {
    clearTimeout(this.#removal);
    for (const { timer } of this.#differences.values()) {
      clearTimeout(timer);
    }
    this.#differences.clear();
    this.#group = undefined;
  }

  /** A participant keeps its device. */
  #requireSameDevices(participants: readonly Participant[]): void {
    for (const { participantId, deviceId } of participants) {
      const first = this.#devices.get(participantId) ?? deviceId;
      this.#devices.set(participantId, first);
      if (first !== deviceId) {
        this.#host.alarm({ kind: 'identity', deviceId: first, detail: 'a participant with another device' });
      }
    }
  }

  /** @param deviceIds those with this difference now; empty: a participant without a device */
  #compare(kind: EncryptionAlarmKind, deviceIds: ReadonlySet<string>): void {
    const nowMs = performance.now();
    const { patienceMs } = this.#host;
    const recent = ({ toMs }: Span) => nowMs - toMs < WINDOW * patienceMs;
    for (const [key, difference] of this.#differences) {
      const [of, deviceId = ''] = key.split(' ');
      if (of === kind && !deviceIds.has(deviceId)) {
        clearTimeout(difference.timer);
        const { sinceMs } = difference;
        const spans =
          sinceMs === undefined ? difference.spans : [...difference.spans, { fromMs: sinceMs, toMs: nowMs }];
        const kept = spans.filter(recent).slice(-MAX_SPANS);
        if (kept.length > 0) {
          this.#differences.set(key, { spans: kept });
        } else {
          this.#differences.delete(key);
        }
      }
    }
    for (const deviceId of deviceIds) {
      const key = `${kind} ${deviceId}`;
      const { spans = [], sinceMs } = this.#differences.get(key) ?? {};
      if (sinceMs === undefined) {
        const beforeMs = spans.filter(recent).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
        const alarm = { kind, deviceId: deviceId || undefined };
        const timer = setTimeout(() => this.#host.alarm(alarm), Math.max(0, patienceMs - beforeMs));
        this.#differences.set(key, { spans, sinceMs: nowMs, timer });
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
      ([leaf, { deviceId }]) =>
        leaf < group.ownLeaf && present.get(deviceId)?.connected && !this.#host.isRevoked(deviceId),
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
