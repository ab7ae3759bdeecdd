import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../../base/index.ts';
import { type Store, WriteBehind } from '../../store/index.ts';
import { TokenBucket } from '../sockets/index.ts';
import type { Act, Actor } from './act.ts';
import { type AuditQuery, AuditRecords, idAt } from './audit-records.ts';
import type { AuditRow } from './tables.ts';

/** Within this time, in milliseconds, equal entries are counted rather than repeated. */
const MERGE_MS = 60_000;
const MAX_RECENT = 10_000;
/**
 * Entries of their own that someone with an account, or all strangers together, get at once, and per second after that. Further acts are
 * counted by kind, so that nobody can push older entries out of the log.
 */
const BURST = 300;
const PER_SECOND = 0.05;
const MAX_ACTORS = 10_000;
/** How many deleted accounts are remembered, to hide them in entries about their deletion. */
const MAX_PSEUDONYMS = 10_000;
const MAX_DETAILS_LENGTH = 2000;

export interface AuditLogOptions {
  store: Store;
  log?: Logger;
  /** Default: the system's clock. */
  now?: () => number;
}

/** Records who did what, when, and with which outcome. Entries are written behind, so that nobody waits for them. */
export class AuditLog {
  readonly #records: AuditRecords;
  readonly #now: () => number;
  readonly #writes: WriteBehind<string, AuditRow>;
  readonly #recent = new LRUCache<string, AuditRow>({ max: MAX_RECENT, ttl: MERGE_MS });
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_ACTORS });
  readonly #pseudonyms = new LRUCache<string, string>({ max: MAX_PSEUDONYMS });
  #lastId = { ms: 0, counter: 0 };

  constructor({ store, log, now = Date.now }: AuditLogOptions) {
    this.#records = new AuditRecords(store);
    this.#now = now;
    this.#writes = new WriteBehind({
      write: (batch) => this.#records.put(batch.map(([, row]) => row)),
      ...(log && { log }),
      warning: 'cannot write the audit log; trying again',
    });
  }

  /** Records an act. */
  record(act: Act): void {
    const row = this.#rowOf(act);
    // Refusals may come as fast as somebody tries.
    if (row.outcome !== 'ok' && this.#again(row)) {
      return;
    }
    if (this.#mayAdd(act.actor)) {
      this.#add(row);
      return;
    }
    const kind = { ...row, device_id: null, address: null, room_id: null, account_id: null, details: null };
    if (!this.#again(kind)) {
      this.#add(kind);
    }
  }

  /** Entries, latest first. @throws {CanopyError} STORE_BUSY */
  async list(query: AuditQuery): Promise<AuditRow[]> {
    await this.#writes.save();
    return this.#records.list(query);
  }

  /** Deletes entries from before this Unix time in milliseconds, and the oldest beyond this number. Returns how many. */
  prune(beforeMs: number, maxEntries: number): Promise<number> {
    return this.#records.prune(beforeMs, maxEntries);
  }

  /** Replaces an account that is being deleted by a pseudonym. May run again. */
  async forgetAccount(accountId: string): Promise<void> {
    const pseudonym = this.#pseudonyms.get(accountId) ?? `deleted-${randomBytes(8).toString('hex')}`;
    // From now on, new entries have the pseudonym.
    this.#pseudonyms.set(accountId, pseudonym);
    this.#recent.clear();
    await this.#writes.save();
    await this.#records.rename(accountId, pseudonym);
  }

  /** Writes what is unsaved. */
  close(): Promise<void> {
    return this.#writes.close();
  }

  #add(row: AuditRow): void {
    this.#recent.set(keyOf(row), row);
    this.#writes.put(row.entry_id, row);
  }

  /** Counts a recent entry that is equal but for its time once more. Returns false if there is none. */
  #again(row: AuditRow): boolean {
    const recent = this.#recent.get(keyOf(row));
    if (recent) {
      // A copy, since the earlier state may be about to be written.
      const counted = { ...recent, count: recent.count + 1 };
      this.#recent.set(keyOf(row), counted, { noUpdateTTL: true });
      this.#writes.put(counted.entry_id, counted);
    }
    return recent !== undefined;
  }

  /** The operator and the server are trusted not to flood the log. */
  #mayAdd({ kind, id = '' }: Actor): boolean {
    if (kind !== 'account' && kind !== 'stranger') {
      return true;
    }
    const key = `${kind} ${id}`;
    const nowMs = performance.now();
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = new TokenBucket(PER_SECOND, BURST, nowMs);
      this.#buckets.set(key, bucket);
    }
    return bucket.take(nowMs);
  }

  #rowOf({ actor, action, outcome = 'ok', roomId, accountId, details }: Act): AuditRow {
    const deleted = actor.kind === 'account' ? this.#pseudonyms.get(actor.id ?? '') : undefined;
    const shown = deleted === undefined ? actor : { kind: actor.kind, id: deleted };
    const nowMs = this.#now();
    return {
      entry_id: this.#newId(nowMs),
      at_ms: nowMs,
      actor_kind: shown.kind,
      actor_id: shown.id ?? null,
      actor_name: shown.name ?? null,
      device_id: shown.deviceId ?? null,
      address: shown.address ?? null,
      action,
      outcome,
      room_id: roomId ?? null,
      account_id: accountId === undefined ? null : (this.#pseudonyms.get(accountId) ?? accountId),
      // What a refused request was about may be anything, as often as someone likes.
      details: details && outcome === 'ok' ? jsonOf(details) : null,
      count: 1,
    };
  }

  /** An id that sorts after all earlier ones, also if the clock goes back: the time, a counter, and chance. */
  #newId(nowMs: number): string {
    const ms = Math.max(nowMs, this.#lastId.ms);
    const counter = ms === this.#lastId.ms ? this.#lastId.counter + 1 : 0;
    this.#lastId = { ms, counter };
    return `${idAt(ms)}${counter.toString(16).padStart(6, '0')}${randomBytes(4).toString('hex')}`;
  }
}

function jsonOf(details: Record<string, unknown>): string {
  const json = JSON.stringify(details);
  return json.length > MAX_DETAILS_LENGTH ? JSON.stringify({ tooLong: Object.keys(details) }) : json;
}

/** Equal for entries that differ only in their time. */
function keyOf(row: AuditRow): string {
  const { entry_id: _id, at_ms: _at, count: _count, ...same } = row;
  return JSON.stringify(same);
}
