import { type SelectQueryBuilder, sql } from 'kysely';
import type { CallRecord } from '../../../contract/index.ts';
import { containing, type Tables } from '../../store/index.ts';

/** `missed`: nobody answered, or the callee declined; `failed`: the call was refused, or could not be set up. */
export type CallResult = 'answered' | 'missed' | 'failed';

/** Which calls are wanted; all that is given must match. Times are Unix times in milliseconds. */
export interface CallFilter {
  /** Part of a name, number, address or attribute. Separators in numbers do not count. */
  search?: string | undefined;
  /** True: only calls in progress; false: only ended ones. */
  active?: boolean | undefined;
  direction?: 'incoming' | 'outgoing' | undefined;
  result?: CallResult | undefined;
  trunk?: string | undefined;
  phone?: string | undefined;
  accountId?: string | undefined;
  roomId?: string | undefined;
  codec?: string | undefined;
  endCause?: string | undefined;
  sipStatus?: number | undefined;
  /** Only measured calls with a lower MOS. */
  mosBelow?: number | undefined;
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  /** Only calls after the one with this id in the list. */
  after?: string | undefined;
}

/** What somebody who does not answer, or does not want to, causes. */
const MISSED_CAUSES = ['cancelled', 'timeout', 'local'];
const MISSED_STATUS = [408, 480, 486, 487, 600, 603];
/** A number as people write it. */
const NUMBER = /^[+\d][\d\s()./-]*$/;

/** The form in which a call is searched. */
export function searchText({
  displayName = '',
  remote,
  dialled,
  phone = '',
  attributes = {},
}: Pick<CallRecord, 'displayName' | 'remote' | 'dialled' | 'phone' | 'attributes'>): string {
  return folded([displayName, remote, dialled, phone, ...Object.values(attributes)].join(' '));
}

/** Adds the conditions of a filter to a query. */
export function matching<O>(
  query: SelectQueryBuilder<Tables, 'calls', O>,
  filter: CallFilter,
): SelectQueryBuilder<Tables, 'calls', O> {
  const { active, result, mosBelow, sinceMs, untilMs, after } = filter;
  let wanted = query;
  const equal = {
    direction: filter.direction,
    trunk: filter.trunk,
    phone: filter.phone,
    account_id: filter.accountId,
    room_id: filter.roomId,
    codec: filter.codec,
    end_cause: filter.endCause,
    sip_status: filter.sipStatus,
  };
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) {
      wanted = wanted.where(column as keyof typeof equal, '=', value);
    }
  }
  const search = folded(filter.search ?? '');
  if (search !== '') {
    const text = NUMBER.test(search) ? search.replaceAll(/[^+\d]/g, '') : search;
    wanted = wanted.where(containing('search', text));
  }
  if (active !== undefined) {
    wanted = wanted.where('ended_at_ms', active ? 'is' : 'is not', null);
  }
  if (mosBelow !== undefined) {
    wanted = wanted.where('mos', '<', mosBelow);
  }
  if (sinceMs !== undefined) {
    wanted = wanted.where('started_at_ms', '>=', sinceMs);
  }
  if (untilMs !== undefined) {
    wanted = wanted.where('started_at_ms', '<', untilMs);
  }
  if (after !== undefined) {
    wanted = wanted.where(
      sql<boolean>`(started_at_ms, call_id) < (select started_at_ms, call_id from calls where call_id = ${after})`,
    );
  }
  return result === undefined ? wanted : withResult(wanted, result);
}

function withResult<O>(
  query: SelectQueryBuilder<Tables, 'calls', O>,
  result: CallResult,
): SelectQueryBuilder<Tables, 'calls', O> {
  if (result === 'answered') {
    return query.where('answered_at_ms', 'is not', null);
  }
  const unanswered = query.where('answered_at_ms', 'is', null).where('ended_at_ms', 'is not', null);
  return unanswered.where(({ and, or, not, eb }) => {
    // A call that we refuse has a status, too; one that a trunk's limit ended was never offered to anybody.
    const missed = or([
      and([eb('end_cause', 'in', MISSED_CAUSES), eb('sip_status', 'is', null)]),
      and([eb('end_cause', 'not in', ['barred', 'limit']), eb('sip_status', 'in', MISSED_STATUS)]),
    ]);
    return result === 'missed' ? missed : not(sql<boolean>`coalesce(${missed}, false)`);
  });
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim();
}
