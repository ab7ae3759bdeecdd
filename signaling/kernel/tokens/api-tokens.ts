import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { CanopyError, type Logger } from '../../../base/index.ts';
import { SCOPES, type Scope } from '../../../contract/index.ts';
import { isUniqueViolation, type Store, WriteBehind } from '../../store/index.ts';
import type { TokenPrincipal } from '../principals/index.ts';
import type { ApiTokenRow } from './tables.ts';

/** How every token begins, so that scanners recognise one that leaked. */
const PREFIX = 'canopy_';
const SECRET_BYTES = 32;
/** Maximum number of tokens; all are kept in memory. */
const MAX_TOKENS = 1000;
/** Accuracy of the last use, in milliseconds. */
const LAST_USE_MS = 60_000;

/** What is known about a token. Times are Unix times in milliseconds. */
export interface ApiToken {
  readonly tokenId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The only rooms that it reaches; null: everything. */
  readonly rooms: readonly string[] | null;
  /** Name of the token that created it, or `api.key`. */
  readonly createdBy: string;
  readonly createdAtMs: number;
  /** Null: never. */
  readonly expiresAtMs: number | null;
  lastUsedAtMs: number | null;
}

export type NewApiToken = Pick<ApiToken, 'name' | 'scopes' | 'rooms' | 'createdBy' | 'expiresAtMs'>;

/** The API tokens of this server. They are stored as hashes. */
export class ApiTokens {
  readonly #store: Store;
  readonly #now: () => number;
  /** By the hash of the secret: comparing hashes reveals nothing about the secret. */
  readonly #byHash = new Map<string, ApiToken>();
  readonly #uses: WriteBehind<string, number>;

  private constructor(store: Store, log: Logger, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#uses = new WriteBehind({
      write: (batch) => this.#writeUses(batch),
      log,
      warning: 'cannot record when API tokens were last used; trying again',
    });
  }

  /** Reads the stored tokens. */
  static async open(store: Store, log: Logger, now: () => number = Date.now): Promise<ApiTokens> {
    const tokens = new ApiTokens(store, log, now);
    for (const row of await store.db.selectFrom('api_tokens').selectAll().execute()) {
      tokens.#byHash.set(row.secret_hash, fromRow(row));
    }
    return tokens;
  }

  /** All tokens, latest first, expired ones included. */
  list(): ApiToken[] {
    return [...this.#byHash.values()].sort((a, b) => b.createdAtMs - a.createdAtMs);
  }

  /**
   * Creates a token. The secret is returned only here.
   *
   * @throws {CanopyError} TOKEN_EXISTS - another one has this name
   * @throws {CanopyError} LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE
   */
  async create(given: NewApiToken): Promise<{ token: ApiToken; secret: string }> {
    if (this.#byHash.size >= MAX_TOKENS) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_TOKENS} API tokens; revoke those not needed`);
    }
    const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
    const secretHash = hash(secret);
    const token: ApiToken = {
      ...given,
      tokenId: randomUUID(),
      createdAtMs: this.#now(),
      lastUsedAtMs: null,
    };
    try {
      await this.#store.db.insertInto('api_tokens').values(toRow(token, secretHash)).execute();
    } catch (error) {
      throw isUniqueViolation(error) ? new CanopyError('TOKEN_EXISTS', given.name) : error;
    }
    await this.#store.sync();
    this.#byHash.set(secretHash, token);
    return { token, secret };
  }

  /** Revokes a token at once. @throws {CanopyError} TOKEN_UNKNOWN, STORE_BUSY, STORE_UNWRITABLE */
  async revoke(tokenId: string): Promise<ApiToken> {
    const [secretHash, token] = [...this.#byHash].find(([, each]) => each.tokenId === tokenId) ?? [];
    if (!secretHash || !token) {
      throw new CanopyError('TOKEN_UNKNOWN');
    }
    // First of all here: it must not work while the database is slow. It is back if the database refuses.
    this.#byHash.delete(secretHash);
    try {
      await this.#store.db.deleteFrom('api_tokens').where('token_id', '=', tokenId).execute();
    } catch (error) {
      this.#byHash.set(secretHash, token);
      throw error;
    }
    await this.#store.sync();
    return token;
  }

  /** The principal that presents this secret; undefined if no token has it. @throws {CanopyError} TOKEN_EXPIRED */
  authenticate(secret: string): TokenPrincipal | undefined {
    const token = secret.startsWith(PREFIX) ? this.#byHash.get(hash(secret)) : undefined;
    if (!token) {
      return undefined;
    }
    const nowMs = this.#now();
    if (token.expiresAtMs !== null && token.expiresAtMs <= nowMs) {
      throw new CanopyError('TOKEN_EXPIRED', token.name);
    }
    if (nowMs - (token.lastUsedAtMs ?? 0) >= LAST_USE_MS) {
      token.lastUsedAtMs = nowMs;
      this.#uses.put(token.tokenId, nowMs);
    }
    return {
      kind: 'token',
      tokenId: token.tokenId,
      name: token.name,
      scopes: new Set(token.scopes),
      rooms: token.rooms === null ? null : new Set(token.rooms),
      expiresAtMs: token.expiresAtMs,
    };
  }

  /** Writes what is unsaved. */
  close(): Promise<void> {
    return this.#uses.close();
  }

  async #writeUses(batch: Array<[tokenId: string, usedAtMs: number]>): Promise<void> {
    await this.#store.transaction(async (db) => {
      for (const [tokenId, usedAtMs] of batch) {
        await db
          .updateTable('api_tokens')
          .set({ last_used_at_ms: usedAtMs })
          .where('token_id', '=', tokenId)
          .execute();
      }
    });
  }
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function toRow(token: ApiToken, secretHash: string): ApiTokenRow {
  return {
    token_id: token.tokenId,
    secret_hash: secretHash,
    name: token.name,
    scopes: JSON.stringify(token.scopes),
    rooms: token.rooms && JSON.stringify(token.rooms),
    created_by: token.createdBy,
    created_at_ms: token.createdAtMs,
    expires_at_ms: token.expiresAtMs,
    last_used_at_ms: token.lastUsedAtMs,
  };
}

function fromRow(row: ApiTokenRow): ApiToken {
  const scopes: string[] = JSON.parse(row.scopes);
  return {
    tokenId: row.token_id,
    name: row.name,
    // A newer version may have granted others.
    scopes: scopes.filter((each): each is Scope => Object.hasOwn(SCOPES, each)),
    rooms: row.rooms === null ? null : JSON.parse(row.rooms),
    createdBy: row.created_by,
    createdAtMs: Number(row.created_at_ms),
    expiresAtMs: row.expires_at_ms === null ? null : Number(row.expires_at_ms),
    lastUsedAtMs: row.last_used_at_ms === null ? null : Number(row.last_used_at_ms),
  };
}
