import type { ExpressionBuilder, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Logger } from '../../../base/index.ts';
import type { MeetingByPhone } from '../../kernel/index.ts';
import { containing, moveRows, type Store, type Tables, WriteBehind } from '../../store/index.ts';
import { outcomeOfStatus } from './call-phones.ts';
import type { CallMedia, CallOutcome, RecentCall } from './contract.ts';
import { isAccount, type Party, phoneKey } from './parties.ts';
import type { CallHistoryRow } from './tables.ts';

/** A call as it is stored, for both people at once. */
export interface CallRecord {
  callId: string;
  caller: Party;
  callee: Party;
  media: CallMedia;
  roomId: string;
  startedAtMs: number;
  answeredAtMs?: number | undefined;
  endedAtMs?: number | undefined;
  outcome?: CallOutcome | undefined;
  /** Whether it is only the called person's: they forwarded it. */
  onlyCallee?: boolean | undefined;
}

/** Maximum number of calls in an account's list; the oldest go. */
const MAX_PER_ACCOUNT = 500;
const DAY_MS = 86_400_000;
/** How long calls are kept unless the account has chosen, in days. */
const DEFAULT_DAYS = 90;
const CHOICES_DAYS = [7, 30, 90, 365];

/** Outcomes that an incoming call is missed with. */
const MISSED: readonly CallOutcome[] = ['busy', 'unanswered', 'cancelled', 'offline'];

/** The calls of each account. Written later, in batches: a database that is away keeps nobody from calling. */
export class CallHistory {
  readonly #store: Store;
  readonly #unsaved: WriteBehind<string, CallRecord>;

  constructor(store: Store, log?: Logger) {
    this.#store = store;
    this.#unsaved = new WriteBehind({
      write: (batch) => this.#write(batch.map(([, record]) => record)),
      log,
      warning: 'cannot record calls; trying again',
    });
  }

  /** Records the state of a call. */
  put(record: CallRecord): void {
    const { caller, callee } = record;
    this.#unsaved.put(record.callId, { ...record, caller: copyOf(caller), callee: copyOf(callee) });
  }

  /** Records, for the person called alone, that the call went on to somebody else. */
  putForwarded(record: CallRecord): void {
    const key = `${record.callId} ${record.callee.accountId}`;
    this.#unsaved.put(key, {
      ...record,
      caller: copyOf(record.caller),
      callee: copyOf(record.callee),
      onlyCallee: true,
    });
  }

  /** Records a call of an account's phone with a room. */
  async putMeeting(call: MeetingByPhone): Promise<void> {
    const { accountId, callId, roomId, phone, isIncoming, startedAtMs, answeredAtMs, endedAtMs } = call;
    const outcome = meetingOutcome(call);
    const row: CallHistoryRow = {
      account_id: accountId,
      call_id: callId,
      direction: isIncoming ? 'incoming' : 'outgoing',
      peer_kind: 'room',
      peer: roomId,
      peer_name: roomId,
      peer_folded: folded(roomId),
      media: 'audio',
      room_id: roomId,
      started_at_ms: startedAtMs,
      answered_at_ms: answeredAtMs,
      ended_at_ms: endedAtMs,
      outcome,
      seen: isIncoming && MISSED.includes(outcome) ? 0 : 1,
      phone,
      leg_id: callId,
      peer_leg_id: null,
      codec: call.codec,
      mos: call.mos,
    };
    await this.#store.db.transaction().execute(async (db) => {
      await db
        .insertInto('call_history')
        .values(row)
        // The gateway repeats a record whose answer got lost.
        .onConflict((conflict) => conflict.columns(['account_id', 'call_id']).doNothing())
        .execute();
      await keepLatest(db, accountId);
    });
  }

  /** Calls of an account that are over, latest first. */
  async list(
    accountId: string,
    {
      limit,
      before,
      search = '',
      missedOnly,
    }: {
      limit: number;
      before?: { startedAtMs: number; callId: string } | undefined;
      search?: string | undefined;
      missedOnly: boolean;
    },
  ): Promise<RecentCall[]> {
    await this.save();
    let query = this.#store.db
      .selectFrom('call_history')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('ended_at_ms', 'is not', null);
    if (before) {
      query = query.where(sql<boolean>`(started_at_ms, call_id) < (${before.startedAtMs}, ${before.callId})`);
    }
    if (missedOnly) {
      query = query.where(isMissed);
    }
    const wanted = folded(search);
    if (wanted !== '') {
      query = query.where(({ and, or, eb }) =>
        or([
          containing('peer_folded', wanted),
          and([eb('peer_kind', '=', 'number'), containing('peer', wanted)]),
        ]),
      );
    }
    const rows = await query
      .orderBy('started_at_ms', 'desc')
      .orderBy('call_id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(describe);
  }

  /** Number of missed calls that no device has shown yet. */
  async unseen(accountId: string): Promise<number> {
    await this.save();
    const { count } = await this.#store.db
      .selectFrom('call_history')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('account_id', '=', accountId)
      .where('seen', '=', 0)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Marks missed calls until this time as seen. Returns whether there were any. */
  async see(accountId: string, untilMs: number): Promise<boolean> {
    await this.save();
    const { numUpdatedRows } = await this.#store.db
      .updateTable('call_history')
      .set({ seen: 1 })
      .where('account_id', '=', accountId)
      .where('seen', '=', 0)
      .where('started_at_ms', '<=', untilMs)
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  /** Deletes calls from an account's list: these, or all that are over. */
  async forget(accountId: string, callIds?: readonly string[]): Promise<void> {
    await this.save();
    let query = this.#store.db
      .deleteFrom('call_history')
      .where('account_id', '=', accountId)
      .where('ended_at_ms', 'is not', null);
    if (callIds) {
      query = query.where('call_id', 'in', callIds);
    }
    await query.execute();
  }

  /** Gives the list of an account to another one. In the lists of others the earlier account stays: that is whom they called. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.save();
    await this.#store.transaction((db) => moveRows(db, 'call_history', 'call_id', { from, to }));
  }

  /** Deletes the list of an account that is being deleted. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.save();
    await this.#store.db.deleteFrom('call_history').where('account_id', '=', accountId).execute();
  }

  /** The calls that were in progress when the server stopped. */
  async unfinished(): Promise<CallRecord[]> {
    const rows = await this.#store.db
      .selectFrom('call_history')
      .selectAll()
      .where('ended_at_ms', 'is', null)
      .execute();
    const records = new Map<string, CallRecord>();
    for (const row of rows) {
      // Calls between two accounts are in both lists.
      if (row.direction === 'outgoing' || row.peer_kind === 'number') {
        const theirs = rows.find((each) => each.call_id === row.call_id && each.direction !== row.direction);
        const [own, other] = [ownPartyOf(row, theirs), otherPartyOf(row, theirs)];
        const [caller, callee] = row.direction === 'outgoing' ? [own, other] : [other, own];
        records.set(row.call_id, {
          callId: row.call_id,
          caller,
          callee,
          media: row.media,
          roomId: row.room_id ?? '',
          startedAtMs: Number(row.started_at_ms),
          ...(row.answered_at_ms !== null && { answeredAtMs: Number(row.answered_at_ms) }),
        });
      }
    }
    return [...records.values()];
  }

  /** Deletes calls that are older than their accounts keep them. */
  async prune(nowMs = Date.now()): Promise<void> {
    const { db } = this.#store;
    for (const days of CHOICES_DAYS) {
      const theirs = db.selectFrom('call_settings').select('account_id').where('history_days', '=', days);
      await db
        .deleteFrom('call_history')
        .where('started_at_ms', '<', nowMs - days * DAY_MS)
        .where('account_id', 'in', theirs)
        .execute();
    }
    const known = db.selectFrom('call_settings').select('account_id');
    await db
      .deleteFrom('call_history')
      .where('started_at_ms', '<', nowMs - DEFAULT_DAYS * DAY_MS)
      .where('account_id', 'not in', known)
      .execute();
  }

  /** Tries to write what is unsaved. Never rejects. */
  save(): Promise<void> {
    return this.#unsaved.save();
  }

  /** Writes what is unsaved. */
  async close(): Promise<void> {
    await this.#unsaved.close();
  }

  async #write(records: CallRecord[]): Promise<void> {
    await this.#store.db.transaction().execute(async (db) => {
      const accounts = new Set<string>();
      for (const row of records.flatMap(rowsOf)) {
        accounts.add(row.account_id);
        // Whom the call was with changes when it is forwarded.
        const { account_id, call_id, direction, media, started_at_ms, ...changes } = row;
        await db
          .insertInto('call_history')
          .values(row)
          .onConflict((conflict) => conflict.columns(['account_id', 'call_id']).doUpdateSet(changes))
          .execute();
      }
      for (const accountId of accounts) {
        await keepLatest(db, accountId);
      }
    });
  }
}

/** The form in which names are compared. */
function folded(name: string): string {
  return name.normalize('NFKC').toLowerCase().trim();
}

function rowsOf(record: CallRecord): CallHistoryRow[] {
  const { callId, caller, callee, media, roomId, startedAtMs, answeredAtMs, endedAtMs, outcome } = record;
  const row = (direction: 'incoming' | 'outgoing', whose: Party, peer: Party): CallHistoryRow => ({
    account_id: whose.accountId,
    call_id: callId,
    direction,
    peer_kind: isAccount(peer) ? 'account' : 'number',
    peer: peer.number ?? peer.accountId,
    peer_name: peer.displayName,
    peer_folded: folded(peer.displayName),
    media,
    room_id: answeredAtMs === undefined ? null : roomId,
    started_at_ms: startedAtMs,
    answered_at_ms: answeredAtMs ?? null,
    ended_at_ms: endedAtMs ?? null,
    outcome: outcome ?? null,
    seen: direction === 'incoming' && outcome !== undefined && MISSED.includes(outcome) ? 0 : 1,
    phone: whose.phone?.number ?? null,
    leg_id: whose.phone?.legId ?? null,
    peer_leg_id: peer.phone?.legId ?? null,
    codec: whose.phone?.codec ?? peer.phone?.codec ?? null,
    mos: whose.phone?.mos ?? peer.phone?.mos ?? null,
  });
  return [
    ...(isAccount(caller) && !record.onlyCallee ? [row('outgoing', caller, callee)] : []),
    ...(isAccount(callee) ? [row('incoming', callee, caller)] : []),
  ];
}

/** How the call of a phone with a room ended. */
function meetingOutcome({ answeredAtMs, endCause, sipStatus }: MeetingByPhone): CallOutcome {
  if (answeredAtMs !== null) {
    return endCause === 'lost' || endCause === 'silent' ? 'lost' : 'completed';
  }
  const isGivenUp = endCause === 'cancelled' || endCause === 'local' || endCause === 'kicked';
  return isGivenUp ? 'cancelled' : outcomeOfStatus(sipStatus ?? (endCause === 'timeout' ? 408 : null));
}

/** Whose row it is. Only the other one's row has the name. */
function ownPartyOf(row: CallHistoryRow, theirs: CallHistoryRow | undefined): Party {
  return {
    accountId: row.account_id,
    displayName: theirs?.peer_name ?? row.peer_name,
    ...phoneOf(row.leg_id, row.phone),
  };
}

function otherPartyOf(row: CallHistoryRow, theirs: CallHistoryRow | undefined): Party {
  const isNumber = row.peer_kind === 'number';
  return {
    accountId: isNumber ? phoneKey(row.call_id) : row.peer,
    displayName: row.peer_name,
    ...(isNumber && { number: row.peer }),
    ...phoneOf(row.peer_leg_id, theirs?.phone ?? row.peer),
  };
}

function phoneOf(legId: string | null, number: string | null): Pick<Party, 'phone'> {
  return legId === null ? {} : { phone: { legId, number: number ?? '' } };
}

function copyOf(party: Party): Party {
  return { ...party, phone: party.phone && { ...party.phone } };
}

function describe(row: CallHistoryRow): RecentCall {
  const outcome = row.outcome as CallOutcome;
  return {
    callId: row.call_id,
    direction: row.direction,
    peer: { kind: row.peer_kind, id: row.peer, displayName: row.peer_name },
    media: row.media,
    startedAtMs: Number(row.started_at_ms),
    ...(row.answered_at_ms !== null && { answeredAtMs: Number(row.answered_at_ms) }),
    endedAtMs: Number(row.ended_at_ms),
    outcome,
    missed: row.direction === 'incoming' && MISSED.includes(outcome),
    ...(row.phone !== null && { phone: row.phone }),
    ...(row.codec !== null && { codec: row.codec }),
    ...(row.mos !== null && { mos: row.mos }),
  };
}

function isMissed({ and, eb }: ExpressionBuilder<Tables, 'call_history'>) {
  return and([eb('direction', '=', 'incoming'), eb('outcome', 'in', MISSED)]);
}

/** Deletes the oldest calls of an account that has too many. */
async function keepLatest(db: Transaction<Tables>, accountId: string): Promise<void> {
  const firstTooMany = await db
    .selectFrom('call_history')
    .select(['started_at_ms', 'call_id'])
    .where('account_id', '=', accountId)
    .orderBy('started_at_ms', 'desc')
    .orderBy('call_id', 'desc')
    .limit(1)
    .offset(MAX_PER_ACCOUNT)
    .executeTakeFirst();
  if (firstTooMany) {
    const { started_at_ms, call_id } = firstTooMany;
    await db
      .deleteFrom('call_history')
      .where('account_id', '=', accountId)
      .where(sql<boolean>`(started_at_ms, call_id) <= (${started_at_ms}, ${call_id})`)
      .execute();
  }
}
