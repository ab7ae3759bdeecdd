import { CanopyError } from '../../base/errors/index.ts';

const SERIAL = /^[0-9a-f]{1,40}$/;
const HASH = /^[0-9a-f]{64}$/;

/** Persistent store of revocations. */
export interface RevocationRecord {
  all(): Promise<Array<{ id: string; revoked_at_ms: number }>>;
  /** Resolves once the row is on disk; an existing row stays unchanged. */
  add(row: { id: string; revoked_at_ms: number }): Promise<void>;
  /** Resolves once that is on disk. */
  remove(id: string): Promise<void>;
}

/** Whether this is a device id, an account id, or the serial number of a certificate of the deployment CA, hex. */
export function isRevocable(id: unknown): id is string {
  return typeof id === 'string' && (HASH.test(id) || SERIAL.test(id));
}

/** The deployment's own revocations: kept in memory, so that they apply immediately, and persisted in a record. */
export class OwnRevocation {
  readonly #record: RevocationRecord | undefined;
  readonly #now: () => number;
  readonly #revoked = new Map<string, number>();

  /** @param record default: memory only, for callers that revoke nothing */
  static async open(record: RevocationRecord | undefined, now: () => number): Promise<OwnRevocation> {
    const revocation = new OwnRevocation(record, now);
    for (const { id, revoked_at_ms } of (await record?.all()) ?? []) {
      revocation.#revoked.set(id, revoked_at_ms);
    }
    return revocation;
  }

  private constructor(record: RevocationRecord | undefined, now: () => number) {
    this.#record = record;
    this.#now = now;
  }

  /**
   * Revokes a device or account (its id, 64 hex digits) or a certificate of the deployment CA (its serial number, hex). It applies as soon
   * as this is called, and is on disk when this resolves. Call it again to retry a failed write.
   *
   * @throws {CanopyError} BAD_REQUEST - `id` is neither an id nor a serial number
   */
  async revoke(id: string): Promise<void> {
    if (!isRevocable(id)) {
      throw new CanopyError('BAD_REQUEST', 'neither an id nor a serial number');
    }
    const revokedAtMs = this.#revoked.get(id) ?? this.#now();
    this.#revoked.set(id, revokedAtMs);
    await this.#record?.add({ id, revoked_at_ms: revokedAtMs });
  }

  /**
   * Takes back a revocation, effective once it is on disk. Returns whether there was one.
   *
   * @throws {CanopyError} BAD_REQUEST - `id` is neither an id nor a serial number
   */
  async reinstate(id: string): Promise<boolean> {
    if (!isRevocable(id)) {
      throw new CanopyError('BAD_REQUEST', 'neither an id nor a serial number');
    }
    await this.#record?.remove(id);
    return this.#revoked.delete(id);
  }

  /** Whether any of these ids or serial numbers is revoked. */
  isRevoked(...ids: string[]): boolean {
    return ids.some((id) => this.#revoked.has(id));
  }
}
