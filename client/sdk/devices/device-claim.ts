import { CanopyError, displayable } from '../../../contract/light.ts';
import { AnchorSet, equalBytes, OID, statementMatches, validateChain } from '../../../contract/x509/index.ts';
import { randomBytes, sha256, toBase64, toBase64Url } from '../bytes.ts';
import { Connection, type DialOptions } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import {
  accountKeyFrom,
  type DeviceLinkCode,
  generateSigningKey,
  Identity,
  type IdentityStore,
  isPinned,
  type LinkAnswer,
  type LinkedAccount,
  type LinkSecrets,
  linkSecrets,
  loadLinkMessages,
  memoryStore,
  type PendingLink,
  readCertificate,
  type ServerOptions,
  type StoredIdentity,
  serverInfo,
  sign,
} from '../identity/index.ts';
import { requirePlatform } from '../requirements.ts';

export interface ClaimOptions extends Omit<DialOptions, 'identity' | 'url'>, Pick<ServerOptions, 'fetch'> {
  /** The server's address. */
  url: string;
  /** From the link or what the user typed: see parseDeviceLink() and parseLinkCode(). */
  link: DeviceLinkCode;
  /** What the user calls this device. */
  name: string;
  /** The browser and system, for the person who decides. */
  client: string;
  /** Where to keep the identity. It replaces the one for this server. Default: in memory only. */
  store?: IdentityStore;
}

export interface DeviceClaimEvents {
  /** The connection was lost, or is back. */
  connected: [boolean];
}

/**
 * Asks an older device of an account to add this one, by the code that it shows. Survives lost connections. Created by claimDevice().
 */
export class DeviceClaim extends Emitter<DeviceClaimEvents> {
  /**
   * Resolves to this device's identity once it was added and stored. If the older device handed over the account's key, it is in memory
   * (AccountKey state `open`): store it with AccountKey.protect(), or forget it. Rejects with DEVICE_CODE_UNKNOWN, DEVICE_CODE_USED,
   * DEVICE_LINK_ENDED (also by cancel()), DEVICE_LINK_EXPIRED, DEVICE_LINK_FORGED or CONNECTION_LOST.
   */
  readonly identity: Promise<Identity>;
  readonly #connection: Connection;
  readonly #own: OwnSide;
  readonly #unlisten: Array<() => void>;
  #settle: (result: Identity | CanopyError) => void = () => {};
  #expiresAtMs = 0;
  #opening = false;
  #isOver = false;

  /** @internal Use claimDevice(). */
  constructor(connection: Connection, own: OwnSide) {
    super();
    this.#connection = connection;
    this.#own = own;
    this.identity = new Promise((resolve, reject) => {
      this.#settle = (result) => (result instanceof CanopyError ? reject(result) : resolve(result));
    });
    this.identity.catch(() => {});
    connection.onReturn = async () => {
      await this.#ask();
      return true;
    };
    const { exchangeId } = own.secrets;
    this.#unlisten = [
      connection.on('device.answered', (event) => {
        if (event.exchangeId === exchangeId) {
          void this.#answered(event.answer);
        }
      }),
      connection.on('device.ended', (event) => {
        // Once the answer is here, it is too late.
        if (event.exchangeId === exchangeId && !this.#opening) {
          this.#end(CanopyError.fromBody(event.error));
        }
      }),
      connection.on('state', (state, error) => {
        if (state === 'closed') {
          this.#end(error ?? new CanopyError('CONNECTION_LOST'));
        } else {
          this.emit('connected', state === 'connected');
        }
      }),
    ];
  }

  /** When the code stops working, Unix time in milliseconds by the server's clock. */
  get expiresAtMs(): number {
    return this.#expiresAtMs;
  }

  /** @internal Asks for the first time. */
  async start(): Promise<this> {
    await this.#ask();
    return this;
  }

  /** Gives up. `identity` rejects with DEVICE_LINK_ENDED. */
  async cancel(): Promise<void> {
    if (this.#isOver || this.#opening) {
      return;
    }
    await this.#withdraw();
    this.#end(new CanopyError('DEVICE_LINK_ENDED'));
  }

  async #withdraw(): Promise<void> {
    const { exchangeId } = this.#own.secrets;
    await this.#connection.requestNow('device.cancel', { exchangeId }).catch(() => {});
  }

  /** Sends the request. A refusal ends the attempt; only a failure of the connection is thrown. */
  async #ask(): Promise<void> {
    const { secrets, pending } = this.#own;
    try {
      const { expiresAtMs, answer } = await this.#connection.requestNow('device.request', {
        exchangeId: secrets.exchangeId,
        request: pending.request,
      });
      this.#expiresAtMs = expiresAtMs;
      if (answer) {
        await this.#answered(answer);
      }
    } catch (cause) {
      const error = CanopyError.from(cause);
      if (this.#expiresAtMs > 0 && RETRIED.has(error.code)) {
        throw error;
      }
      this.#end(error);
    }
  }

  async #answered(answer: LinkAnswer): Promise<void> {
    if (this.#opening || this.#isOver) {
      return;
    }
    this.#opening = true;
    const { secrets, pending, store } = this.#own;
    try {
      const { makeLinkConfirmation, openLinkAnswer } = await loadLinkMessages();
      const account = await openLinkAnswer(secrets, pending, answer);
      const accountKey = await this.#verify(account);
      const stored = this.#toStore(account);
      await store.save(stored);
      const confirmation = await makeLinkConfirmation(secrets, answer);
      const { exchangeId } = secrets;
      // If it gets lost, the other device does not hear of the success, which it sees in its list of devices.
      await this.#connection.request('device.confirm', { exchangeId, confirmation }).catch(() => {});
      this.#end(await Identity.create(stored, accountKey));
    } catch (error) {
      await this.#withdraw();
      this.#end(CanopyError.from(error));
    }
  }

  /**
   * Checks that the certificate is for this device and from the deployment's CA. Returns the account's key if it was handed over.
   *
   * @throws {CanopyError} DEVICE_LINK_FORGED
   */
  async #verify({ chain, accountKey }: LinkedAccount): Promise<CryptoKey | undefined> {
    const { ca, deviceKeys } = this.#own;
    try {
      const [leaf, account, ...further] = chain.map(readCertificate);
      const spki = new Uint8Array(await crypto.subtle.exportKey('spki', deviceKeys.publicKey));
      if (!leaf || !account || !equalBytes(leaf.spki, spki)) {
        throw new Error('the certificate is not for this device');
      }
      await validateChain([leaf, account, ...further], new AnchorSet([ca]), {
        atMs: account.notBeforeMs,
        usage: OID.clientAuth,
      });
      if (accountKey === undefined) {
        return undefined;
      }
      const key = await accountKeyFrom(accountKey);
      const probe = randomBytes(32);
      if (!(await statementMatches(account.key, probe, await sign(key, 'P-256', probe)))) {
        throw new Error('the account key does not match its certificate');
      }
      return key;
    } catch (cause) {
      throw new CanopyError('DEVICE_LINK_FORGED', cause instanceof Error ? cause.message : undefined, {
        cause,
      });
    }
  }

  #toStore({ displayName, chain, roomId }: LinkedAccount): StoredIdentity {
    const { ca, deviceKeys, origin } = this.#own;
    return {
      version: 1,
      origin,
      displayName,
      chain,
      deploymentCa: toBase64(ca.der),
      deviceKey: deviceKeys.privateKey,
      ...(roomId !== undefined && { roomId }),
    };
  }

  #end(result: Identity | CanopyError): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    for (const unlisten of this.#unlisten) {
      unlisten();
    }
    this.#connection.onReturn = async () => true;
    this.#settle(result);
    this.#connection.close();
  }
}

/** Failures of a repeated request after which another attempt may succeed. */
const RETRIED: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'REQUEST_TIMEOUT', 'SERVER_CLOSING']);

/** What the new device knows and keeps for itself. */
interface OwnSide {
  origin: string;
  ca: ReturnType<typeof readCertificate>;
  secrets: LinkSecrets;
  deviceKeys: CryptoKeyPair;
  pending: PendingLink;
  store: IdentityStore;
}

/**
 * Asks to be added to an account by the code that one of its devices shows. A refusal rejects the result's `identity`.
 *
 * @throws {CanopyError} UNSUPPORTED_PLATFORM; INVITE_MISMATCH - the server is not the one in the link; ORIGIN_NOT_ALLOWED; CONNECTION_LOST,
 * REQUEST_TIMEOUT
 */
export async function claimDevice(options: ClaimOptions): Promise<DeviceClaim> {
  requirePlatform();
  const { link, name, client, store = memoryStore(), fetch: call, ...dial } = options;
  const info = await serverInfo({ serverUrl: dial.url, ...(call && { fetch: call }) });
  const ca = readCertificate(info.deploymentCa);
  if (!(await isPinned(ca, link.caFingerprint))) {
    throw new CanopyError('INVITE_MISMATCH', 'its CA is not the one in the link');
  }
  const caFingerprint = toBase64Url(await sha256(ca.der));
  const secrets = await linkSecrets({ code: link.code, caFingerprint });
  const deviceKeys = await generateSigningKey(store.needsExtractableKeys);
  const { makeLinkRequest } = await loadLinkMessages();
  // As the server normalizes them: otherwise it would break the authentication.
  const described = { name: displayable(name), client: displayable(client) };
  const pending = await makeLinkRequest(secrets, { caFingerprint, deviceKeys, ...described });
  const connection = new Connection(dial);
  await connection.open();
  const { origin } = new URL(dial.url);
  return new DeviceClaim(connection, { origin, ca, secrets, deviceKeys, pending, store }).start();
}
