import type {
  CallerVerification,
  CallQuality,
  CallRecord,
  ParticipantAttributes,
} from '../../../contract/index.ts';
import type { Store } from '../../store/index.ts';
import { type CallFilter, matching, searchText } from './call-search.ts';
import type { CallRow } from './tables.ts';

/** How long calls are kept, and how many. */
export interface CallRetention {
  readonly days: number;
  readonly maxCalls: number;
}

/** After how many records the history is pruned. */
const PRUNE_EVERY = 1000;
const DAY_MS = 86_400_000;

/** A call, and the person of this server who placed it, whose phone it was, or whose number was called. */
export type CallEntry = CallRecord & { accountId?: string };

/** The history of calls. */
export class Calls {
  readonly #store: Store;
  readonly #retention: CallRetention;
  #recorded = 0;

  constructor(store: Store, retention: CallRetention = { days: 365, maxCalls: 100_000 }) {
    this.#store = store;
    this.#retention = retention;
  }

  /** Records the current state of a call. A call that has ended no longer changes. */
  async record(call: CallEntry): Promise<void> {
    const row = toRow(call);
    const { call_id, account_id, ...rest } = row;
    // Who placed it is known to the server process that it was placed with.
    const state = account_id === null ? rest : { ...rest, account_id };
    await this.#store.db
      .insertInto('calls')
      .values(row)
      .onConflict((conflict) =>
        conflict.column('call_id').doUpdateSet(state).where('calls.ended_at_ms', 'is', null),
      )
      .execute();
    this.#recorded += 1;
    if (this.#recorded % PRUNE_EVERY === 0) {
      await this.prune();
    }
  }

  /** Marks calls in progress that are not listed as lost: their gateway is gone. Returns these. */
  async endOthers(callIds: string[], nowMs: number): Promise<CallRecord[]> {
    let lost = this.#store.db
      .updateTable('calls')
      .set({ ended_at_ms: nowMs, end_cause: 'lost' })
      .where('ended_at_ms', 'is', null);
    // PostgreSQL rejects an empty list.
    if (callIds.length > 0) {
      lost = lost.where('call_id', 'not in', callIds);
    }
    return (await lost.returningAll().execute()).map(fromRow);
  }

  /** Deletes calls that are too old, and the oldest beyond the maximum. */
  async prune(nowMs = Date.now()): Promise<void> {
    const { days, maxCalls } = this.#retention;
    await this.#store.db
      .deleteFrom('calls')
      .where('started_at_ms', '<', nowMs - days * DAY_MS)
      .execute();
    const latestForgotten = await this.#store.db
      .selectFrom('calls')
      .select('started_at_ms')
      .orderBy('started_at_ms', 'desc')
      .offset(maxCalls)
      .limit(1)
      .executeTakeFirst();
    if (!latestForgotten) {
      return;
    }
    await this.#store.db
      .deleteFrom('calls')
      .where('started_at_ms', '<=', latestForgotten.started_at_ms)
      .execute();
  }

  async find(callId: string): Promise<CallEntry | undefined> {
    const row = await this.#store.db
      .selectFrom('calls')
      .selectAll()
      .where('call_id', '=', callId)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  /** Calls that match, latest first. */
  async list({ limit, ...filter }: CallFilter & { limit: number }): Promise<CallEntry[]> {
    const rows = await matching(this.#store.db.selectFrom('calls').selectAll(), filter)
      .orderBy('started_at_ms', 'desc')
      .orderBy('call_id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  /** Gives the calls of an account to another one. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#store.db
      .updateTable('calls')
      .set({ account_id: to })
      .where('account_id', '=', from)
      .execute();
  }

  /** Deletes the calls of an account. Of calls over trunks remain the time and the number outside, for the bill. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.transaction(async (db) => {
      const theirs = db.selectFrom('calls').selectAll().where('account_id', '=', accountId);
      for (const row of await theirs.where('trunk', 'is not', null).execute()) {
        const dialled = row.direction === 'incoming' ? '' : row.dialled;
        const search = searchText({ remote: row.remote, dialled });
        await db
          .updateTable('calls')
          .set({ account_id: null, phone: null, display_name: null, attributes: null, dialled, search })
          .where('call_id', '=', row.call_id)
          .execute();
      }
      await db.deleteFrom('calls').where('account_id', '=', accountId).execute();
    });
  }
}

function toRow(call: CallEntry): CallRow {
  return {
    call_id: call.callId,
    direction: call.direction,
    remote: call.remote,
    dialled: call.dialled,
    trunk: call.trunk,
    room_id: call.roomId,
    codec: call.codec,
    encryption: call.encryption,
    started_at_ms: call.startedAtMs,
    answered_at_ms: call.answeredAtMs,
    ended_at_ms: call.endedAtMs,
    end_cause: call.endCause,
    sip_status: call.sipStatus,
    mos: call.mos,
    jitter_ms: call.quality?.jitterMs ?? null,
    loss_fraction: call.quality?.lossFraction ?? null,
    remote_loss_fraction: call.quality?.remoteLossFraction ?? null,
    round_trip_ms: call.quality?.roundTripMs ?? null,
    attributes: call.attributes ? JSON.stringify(call.attributes) : null,
    transfer_target: call.transfer?.target ?? null,
    transfer_status: call.transfer?.sipStatus ?? null,
    display_name: call.displayName ?? null,
    phone: call.phone ?? null,
    account_id: call.accountId ?? null,
    end_reason: call.endReason ?? null,
    verification: call.verification ? JSON.stringify(call.verification) : null,
    search: searchText(call),
  };
}

function fromRow(row: CallRow): CallEntry {
  return {
    callId: row.call_id,
    direction: row.direction,
    remote: row.remote,
    ...(row.display_name !== null && { displayName: row.display_name }),
    dialled: row.dialled,
    ...(row.phone !== null && { phone: row.phone }),
    ...(row.account_id !== null && { accountId: row.account_id }),
    trunk: row.trunk,
    roomId: row.room_id,
    codec: row.codec,
    encryption: row.encryption,
    startedAtMs: row.started_at_ms,
    answeredAtMs: row.answered_at_ms,
    endedAtMs: row.ended_at_ms,
    endCause: row.end_cause,
    sipStatus: row.sip_status,
    ...(row.end_reason !== null && { endReason: row.end_reason }),
    mos: row.mos,
    quality: qualityOf(row),
    ...(row.attributes !== null && { attributes: JSON.parse(row.attributes) as ParticipantAttributes }),
    ...(row.verification !== null && {
      verification: JSON.parse(row.verification) as CallerVerification,
    }),
    ...(row.transfer_target !== null && {
      transfer: { target: row.transfer_target, sipStatus: row.transfer_status },
    }),
  };
}

function qualityOf(row: CallRow): CallQuality | null {
  const { jitter_ms, loss_fraction, remote_loss_fraction, round_trip_ms } = row;
  return jitter_ms === null || loss_fraction === null
    ? null
    : {
        jitterMs: jitter_ms,
        lossFraction: loss_fraction,
        remoteLossFraction: remote_loss_fraction,
        roundTripMs: round_trip_ms,
      };
}
