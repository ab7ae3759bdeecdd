import type { CallQuality, CallRecord, ParticipantAttributes } from '../../../contract/index.ts';
import type { Store } from '../../store/index.ts';
import type { CallRow } from './tables.ts';

/** Maximum number of calls in the history, and after how many new ones it is pruned. */
const MAX_CALLS = 100_000;
const PRUNE_EVERY = 1000;

/** The history of calls. */
export class Calls {
  readonly #store: Store;
  #recorded = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Records the current state of a call. A call that has ended no longer changes. */
  async record(call: CallRecord): Promise<void> {
    const { call_id, ...state } = toRow(call);
    await this.#store.db
      .insertInto('calls')
      .values({ call_id, ...state })
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

  /** Deletes the oldest calls beyond the maximum. */
  async prune(max = MAX_CALLS): Promise<void> {
    const latestForgotten = await this.#store.db
      .selectFrom('calls')
      .select('started_at_ms')
      .orderBy('started_at_ms', 'desc')
      .offset(max)
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

  async find(callId: string): Promise<CallRecord | undefined> {
    const row = await this.#store.db
      .selectFrom('calls')
      .selectAll()
      .where('call_id', '=', callId)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  /** Calls, latest first. */
  async list(filter: {
    /** True: only calls in progress; false: only ended ones. Default: both. */
    active?: boolean | undefined;
    limit: number;
    /** Only calls that started before this Unix time in milliseconds. */
    beforeMs?: number | undefined;
  }): Promise<CallRecord[]> {
    let query = this.#store.db.selectFrom('calls').selectAll();
    if (filter.active !== undefined) {
      query = query.where('ended_at_ms', filter.active ? 'is' : 'is not', null);
    }
    if (filter.beforeMs !== undefined) {
      query = query.where('started_at_ms', '<', filter.beforeMs);
    }
    const rows = await query
      .orderBy('started_at_ms', 'desc')
      .orderBy('call_id')
      .limit(filter.limit)
      .execute();
    return rows.map(fromRow);
  }
}

function toRow(call: CallRecord): CallRow {
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
  };
}

function fromRow(row: CallRow): CallRecord {
  return {
    callId: row.call_id,
    direction: row.direction,
    remote: row.remote,
    dialled: row.dialled,
    trunk: row.trunk,
    roomId: row.room_id,
    codec: row.codec,
    encryption: row.encryption,
    startedAtMs: row.started_at_ms,
    answeredAtMs: row.answered_at_ms,
    endedAtMs: row.ended_at_ms,
    endCause: row.end_cause,
    sipStatus: row.sip_status,
    mos: row.mos,
    quality: qualityOf(row),
    ...(row.attributes !== null && { attributes: JSON.parse(row.attributes) as ParticipantAttributes }),
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
