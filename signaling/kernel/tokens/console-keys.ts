import { createHash, randomBytes } from 'node:crypto';
import { CONSOLE_SCOPES } from '../../../contract/index.ts';
import { may } from '../policy/index.ts';
import type { TokenPrincipal } from '../principals/index.ts';
import type { Session } from '../sockets/index.ts';

/** How every key begins, so that scanners recognise one that leaked, and nobody takes it for an API token. */
const PREFIX = 'canopy_console_';
const SECRET_BYTES = 32;

/**
 * Keys with which administrators use the operator's API from the page. A key belongs to the connection that asked for it, which a device
 * certificate opened: it ends with that connection, and with the role.
 */
export class ConsoleKeys {
  /** By the hash of the key: comparing hashes reveals nothing about the key. */
  readonly #sessions = new Map<string, Session>();
  readonly #keyHashes = new WeakMap<Session, string>();

  /** Makes the connection's key. It replaces an earlier one. */
  issue(session: Session): string {
    const earlier = this.#keyHashes.get(session);
    const key = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
    const keyHash = hash(key);
    this.#sessions.set(keyHash, session);
    this.#keyHashes.set(session, keyHash);
    if (earlier === undefined) {
      session.releases.push(() => this.#sessions.delete(this.#keyHashes.get(session) ?? ''));
    } else {
      this.#sessions.delete(earlier);
    }
    return key;
  }

  /** The principal that presents this key; undefined if it is none, or of no use any more. */
  authenticate(key: string): TokenPrincipal | undefined {
    const session = key.startsWith(PREFIX) ? this.#sessions.get(hash(key)) : undefined;
    const { principal } = session ?? {};
    if (!session || session.closed || principal?.kind !== 'device' || !may(principal, 'console.open')) {
      return undefined;
    }
    const { accountId, displayName, device } = principal;
    return {
      kind: 'token',
      tokenId: `console ${session.connectionId}`,
      name: displayName,
      person: { accountId, deviceId: device.deviceId },
      scopes: new Set(CONSOLE_SCOPES),
      rooms: null,
      expiresAtMs: null,
    };
  }
}

function hash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
