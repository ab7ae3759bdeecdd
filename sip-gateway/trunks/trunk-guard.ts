import { CanopyError, type ErrorCode, type Logger } from '../../base/index.ts';
import {
  isEmergencyDialled,
  type SipTrunk,
  type TelephonyConfig,
  type TrunkAlarm,
  type TrunkUsage,
  trunkBars,
} from '../../contract/index.ts';
import type { OutgoingTarget } from '../dial/index.ts';
import { type SavedCharge, TrunkLedger } from './trunk-ledger.ts';

/** Why a call through a trunk is refused. */
export type TrunkRefusalReason = 'emergency' | 'number' | 'hours' | 'minutes' | 'cost' | 'calls';

/** A trunk's settings forbid a call. */
export class TrunkRefusal extends Error {
  override readonly name = 'TrunkRefusal';
  readonly why: TrunkRefusalReason;
  /** SIP status for a phone that asked for the call. */
  readonly status: number;

  constructor(why: TrunkRefusalReason) {
    super(REFUSALS[why].reason);
    this.why = why;
    this.status = REFUSALS[why].status;
  }

  /** For the person or application that asked for the call. */
  get error(): CanopyError {
    const { code, detail } = REFUSALS[this.why];
    return new CanopyError(code, detail);
  }

  /** Whether the number itself is forbidden, rather than a limit reached. */
  get barred(): boolean {
    return this.status === 403;
  }
}

const REFUSALS: Record<
  TrunkRefusalReason,
  { status: number; reason: string; code: ErrorCode; detail?: string }
> = {
  emergency: { status: 403, reason: 'Emergency Calls Not Possible Here', code: 'EMERGENCY_CALL_REFUSED' },
  number: { status: 403, reason: 'Number Not Permitted', code: 'TRUNK_NUMBER_BARRED', detail: 'number' },
  hours: { status: 403, reason: 'Not Permitted At This Time', code: 'TRUNK_NUMBER_BARRED', detail: 'hours' },
  minutes: {
    status: 503,
    reason: 'Daily Limit Reached',
    code: 'TRUNK_LIMIT_REACHED',
    detail: 'minutes per day',
  },
  cost: { status: 503, reason: 'Daily Limit Reached', code: 'TRUNK_LIMIT_REACHED', detail: 'cost per day' },
  calls: {
    status: 503,
    reason: 'Too Many Calls',
    code: 'TRUNK_LIMIT_REACHED',
    detail: 'calls at once or per second',
  },
};

export interface TrunkGuardOptions {
  log: Logger;
  config(): TelephonyConfig;
  onAlarm(alarm: TrunkAlarm): void;
  onRefused(why: TrunkRefusalReason): void;
  /** Unix time in milliseconds. Default: the clock. */
  now?(): number;
}

/** Applies the limits of trunks to outgoing calls (threat 19). */
export class TrunkGuard {
  readonly #options: TrunkGuardOptions;
  readonly #now: () => number;
  readonly #ledger: TrunkLedger;

  constructor(options: TrunkGuardOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#ledger = new TrunkLedger({
      now: this.#now,
      onAlarm: (alarm) => {
        options.log.warn(
          alarm,
          alarm.level === 'warning' ? 'trunk is near a limit' : 'trunk has reached a limit',
        );
        options.onAlarm(alarm);
      },
    });
  }

  /**
   * Checks a call that is about to be placed, and counts it until finish(). A call that was forwarded is checked again.
   *
   * @param dialled what was dialled, before the dial plan changed it
   * @throws {TrunkRefusal}
   */
  begin(callId: string, { trunk: name, number }: OutgoingTarget, dialled: string): void {
    this.#ledger.finish(callId);
    const trunk = this.#options.config().trunks.find((each) => each.name === name);
    if (!trunk) {
      return;
    }
    const why = trunkBars(trunk, { number, dialled }, this.#now()) ?? this.#ledger.refusal(trunk, number);
    if (why) {
      if (why === 'number') {
        this.#ledger.barred(trunk);
      }
      throw this.refused(why, trunk);
    }
    this.#ledger.begin(callId, trunk, number);
  }

  answered(callId: string): void {
    this.#ledger.answered(callId);
  }

  finish(callId: string): void {
    this.#ledger.finish(callId);
  }

  /** What a later process needs to go on charging a call; undefined if it is not charged. */
  save(callId: string): SavedCharge | undefined {
    return this.#ledger.save(callId);
  }

  /** Counts a call of an earlier process until finish(), whatever the limits say: it was permitted. */
  resume(callId: string, trunkName: string | null, saved: SavedCharge): void {
    const trunk = this.#options.config().trunks.find(({ name }) => name === trunkName);
    if (trunk) {
      this.#ledger.resume(callId, trunk, saved);
    }
  }

  /** Logs and counts a refusal. */
  refused(why: TrunkRefusalReason, trunk: Pick<SipTrunk, 'name'> | undefined): TrunkRefusal {
    this.#options.onRefused(why);
    this.#options.log.warn({ trunk: trunk?.name, why }, 'call refused by the limits of a trunk');
    return new TrunkRefusal(why);
  }

  /** Whether a phone of ours dials an emergency number. A dial rule for exactly this number decides otherwise. */
  isEmergency(dialled: string): boolean {
    const { trunks, dialPlan } = this.#options.config();
    const isOurs = dialPlan.some(({ direction, pattern }) => direction === 'incoming' && pattern === dialled);
    return !isOurs && isEmergencyDialled(dialled, trunks);
  }

  /** Calls that must end now, because they would soon exceed a daily limit. */
  overdue(): string[] {
    return this.#ledger.overdue();
  }

  /** Adds what was used before a restart. */
  restore(usage: readonly TrunkUsage[]): void {
    this.#ledger.restore(usage);
  }

  /** Passes changed totals to `report`; if that fails, they are reported next time. */
  async reportUsage(report: (usage: TrunkUsage[]) => Promise<void>): Promise<void> {
    const changes = this.#ledger.takeChanges();
    for (let at = 0; at < changes.length; at += MAX_REPORTED) {
      const part = changes.slice(at, at + MAX_REPORTED);
      try {
        await report(part);
      } catch (error) {
        this.#ledger.keepChanges(part);
        throw error;
      }
    }
    this.#ledger.confirm();
  }
}

/** Maximum number of totals in a message of the protocol. */
const MAX_REPORTED = 1000;
