import { CanopyError } from '../../../contract/light.ts';
import { sha256, toBase64, toBase64Url } from '../bytes.ts';
import type { Connection } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import {
  deviceLinkUrl,
  formatLinkCode,
  type Identity,
  type LinkAnswer,
  type LinkRequest,
  type LinkSecrets,
  linkSecrets,
  loadIssuing,
  loadLinkMessages,
  newLinkCode,
} from '../identity/index.ts';

/** How long a code works, in milliseconds. */
const OPEN_MS = 300_000;

/** A new device that asks to be added, as it describes itself. */
export interface AskingDevice {
  name: string;
  /** Its browser and system. */
  client: string;
  deviceId: string;
}

export interface DeviceOfferEvents {
  /** A device that knows the code asks to be added. */
  asked: [AskingDevice];
  /** The connection was lost, or is back. */
  connected: [boolean];
}

/**
 * Adds a new device to this account: shows it a code, waits until it asks, and, with the user's consent, issues its certificate. Survives
 * lost connections. Created by OwnDevices.offer().
 */
export class DeviceOffer extends Emitter<DeviceOfferEvents> {
  /** The code as people read and type it. */
  readonly code: string;
  /** A link with the code, for a QR code. */
  readonly url: string;
  /**
   * Resolves when the new device has confirmed that it is ready. Rejects with DEVICE_LINK_EXPIRED, DEVICE_LINK_ENDED (also by cancel()),
   * DEVICE_LINK_FORGED or CONNECTION_LOST.
   */
  readonly added: Promise<AskingDevice>;
  readonly #connection: Connection;
  readonly #identity: Identity;
  readonly #caFingerprint: string;
  readonly #secrets: LinkSecrets;
  readonly #unlisten: Array<() => void>;
  #settle: (result: AskingDevice | CanopyError) => void = () => {};
  #expiresAtMs = 0;
  readonly #deadlineMs = performance.now() + OPEN_MS;
  #asking:
    | (AskingDevice & { request: LinkRequest; statement: Uint8Array<ArrayBuffer>; key: CryptoKey })
    | undefined;
  #answer: LinkAnswer | undefined;
  #isOver = false;

  /** @internal */
  static async start(connection: Connection, identity: Identity, linkOrigin: string): Promise<DeviceOffer> {
    const caFingerprint = toBase64Url(await sha256(identity.deploymentCa.der));
    const code = newLinkCode();
    const secrets = await linkSecrets({ code, caFingerprint });
    const offer = new DeviceOffer({ connection, identity, linkOrigin, code, caFingerprint, secrets });
    try {
      await offer.#open();
    } catch (error) {
      offer.#end(CanopyError.from(error));
      throw error;
    }
    return offer;
  }

  private constructor(options: {
    connection: Connection;
    identity: Identity;
    linkOrigin: string;
    code: string;
    caFingerprint: string;
    secrets: LinkSecrets;
  }) {
    super();
    const { connection, identity, linkOrigin, code, caFingerprint, secrets } = options;
    this.#connection = connection;
    this.#identity = identity;
    this.#caFingerprint = caFingerprint;
    this.#secrets = secrets;
    this.code = formatLinkCode(code);
    this.url = deviceLinkUrl(linkOrigin, { code, caFingerprint });
    this.added = new Promise((resolve, reject) => {
      this.#settle = (result) => (result instanceof CanopyError ? reject(result) : resolve(result));
    });
    // Callers may only want the events.
    this.added.catch(() => {});
    const { exchangeId } = secrets;
    this.#unlisten = [
      connection.on('device.requested', (event) => {
        if (event.exchangeId === exchangeId) {
          void this.#asked(event.request);
        }
      }),
      connection.on('device.confirmed', (event) => {
        if (event.exchangeId === exchangeId) {
          void this.#confirmed(event.confirmation);
        }
      }),
      connection.on('device.ended', (event) => {
        if (event.exchangeId === exchangeId) {
          this.#end(CanopyError.fromBody(event.error));
        }
      }),
      connection.on('state', (state, error) => {
        if (state === 'closed') {
          this.#end(error ?? new CanopyError('CONNECTION_LOST'));
          return;
        }
        this.emit('connected', state === 'connected');
        if (state === 'connected') {
          void this.#return();
        }
      }),
    ];
  }

  /** When the code stops working, Unix time in milliseconds by the server's clock. */
  get expiresAtMs(): number {
    return this.#expiresAtMs;
  }

  /** The device that asks, once one does. */
  get asking(): AskingDevice | undefined {
    return this.#asking;
  }

  /**
   * Adds the device that asks: issues its certificate and sends it, sealed for that device. `added` resolves when the device is ready.
   *
   * @param accountKey from AccountKey.unlock()
   * @param options.handOver whether the new device gets the account's key too. The key must be extractable.
   * @throws {CanopyError} DEVICE_LINK_ENDED - nobody asks any more; ACCOUNT_KEY_MISSING - the key cannot be handed over
   */
  async approve(accountKey: CryptoKey, { handOver }: { handOver: boolean }): Promise<void> {
    const asking = this.#asking;
    if (!asking || this.#isOver) {
      throw new CanopyError('DEVICE_LINK_ENDED');
    }
    if (handOver && !accountKey.extractable) {
      throw new CanopyError('ACCOUNT_KEY_MISSING', 'the account key is not exportable');
    }
    const [{ issueDeviceCertificate }, { sealLinkAnswer }] = await Promise.all([
      loadIssuing(),
      loadLinkMessages(),
    ]);
    const { chain, displayName, roomId } = this.#identity;
    const accountChain = chain.slice(1);
    const leaf = await issueDeviceCertificate({
      account: accountChain[0] ?? '',
      accountKey,
      devicePublicKey: asking.key,
      displayName,
    });
    const pkcs8 = handOver ? new Uint8Array(await crypto.subtle.exportKey('pkcs8', accountKey)) : undefined;
    this.#answer = await sealLinkAnswer(this.#secrets, {
      request: asking.request,
      statement: asking.statement,
      account: {
        displayName,
        chain: [leaf, ...accountChain],
        ...(roomId !== undefined && { roomId }),
        ...(pkcs8 && { accountKey: toBase64(pkcs8) }),
      },
    });
    pkcs8?.fill(0);
    const { exchangeId } = this.#secrets;
    await this.#connection.request('device.answer', { exchangeId, answer: this.#answer });
  }

  /** Ends it without adding a device. `added` rejects with DEVICE_LINK_ENDED. */
  async cancel(): Promise<void> {
    if (this.#isOver) {
      return;
    }
    this.#end(new CanopyError('DEVICE_LINK_ENDED'));
    await this.#withdraw();
  }

  async #open(): Promise<void> {
    const { exchangeId } = this.#secrets;
    const { expiresAtMs, request, confirmation } = await this.#connection.request('device.offer', {
      exchangeId,
    });
    this.#expiresAtMs = expiresAtMs;
    if (request && !this.#asking) {
      await this.#asked(request);
    }
    if (confirmation) {
      await this.#confirmed(confirmation);
    }
  }

  /** Takes the exchange up again on a new connection. */
  async #return(): Promise<void> {
    if (this.#isOver || this.#expiresAtMs === 0) {
      return;
    }
    // The server may have forgotten it, and would open it for another five minutes.
    if (performance.now() > this.#deadlineMs) {
      this.#end(new CanopyError('DEVICE_LINK_EXPIRED'));
      return;
    }
    try {
      await this.#open();
    } catch (cause) {
      const error = CanopyError.from(cause);
      if (!error.retryable) {
        this.#end(error);
      }
    }
  }

  async #asked(request: LinkRequest): Promise<void> {
    const { readLinkRequest } = await loadLinkMessages();
    try {
      const { statement, devicePublicKey, deviceId } = await readLinkRequest(this.#secrets, {
        caFingerprint: this.#caFingerprint,
        request,
      });
      if (this.#asking || this.#isOver) {
        return;
      }
      const { name, client } = request;
      this.#asking = { name, client, deviceId, request, statement, key: devicePublicKey };
      this.emit('asked', { name, client, deviceId });
    } catch (error) {
      await this.#forged(error);
    }
  }

  async #confirmed(confirmation: string): Promise<void> {
    const { checkLinkConfirmation } = await loadLinkMessages();
    if (!this.#asking || !this.#answer) {
      return;
    }
    try {
      await checkLinkConfirmation(this.#secrets, { answer: this.#answer, confirmation });
      const { name, client, deviceId } = this.#asking;
      this.#end({ name, client, deviceId });
    } catch (error) {
      await this.#forged(error);
    }
  }

  async #forged(error: unknown): Promise<void> {
    this.#end(CanopyError.from(error));
    await this.#withdraw();
  }

  async #withdraw(): Promise<void> {
    const { exchangeId } = this.#secrets;
    await this.#connection.requestNow('device.cancel', { exchangeId }).catch(() => {});
  }

  #end(result: AskingDevice | CanopyError): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    for (const unlisten of this.#unlisten) {
      unlisten();
    }
    this.#settle(result);
  }
}
