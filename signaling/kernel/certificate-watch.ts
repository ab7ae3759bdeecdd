import { CanopyError, type ErrorCode, type Logger } from '../../base/index.ts';
import { type TrustStore, type VerifiedDevice, verifyChain } from '../identity/index.ts';
import type { Rooms } from './rooms/index.ts';
import type { SocketGateway } from './sockets/index.ts';

/** How often the certificates of connected devices are checked, in milliseconds. */
const WATCH_MS = 5000;

export interface CertificateWatchOptions {
  trust: TrustStore;
  rooms: Pick<Rooms, 'remove'>;
  connections: Pick<SocketGateway, 'endMatching' | 'principals'>;
  log: Logger;
  /** Called when the authorities or their lists have changed, after connections were ended. */
  changed(): Promise<void>;
}

/**
 * Ends connections and seats whose certificate expires while in use, or is revoked by an updated list. A list that is merely out of date
 * ends no connection; it only keeps newcomers out.
 */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #trustVersion: number;
  #checking = false;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#trustVersion = options.trust.version;
    this.#timer = setInterval(() => void this.check(), WATCH_MS);
    this.#timer.unref();
  }

  /** Checks now. Never rejects. */
  async check(): Promise<void> {
    if (this.#checking) {
      return;
    }
    this.#checking = true;
    try {
      const nowMs = Date.now();
      this.#end(({ notAfterMs }) => notAfterMs < nowMs, 'CERT_EXPIRED');
      await this.#recheckChains(nowMs);
    } catch (error) {
      this.#options.log.error({ err: error }, 'could not check the certificates of connected devices');
    } finally {
      this.#checking = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #recheckChains(nowMs: number): Promise<void> {
    const { trust, connections } = this.#options;
    await trust.refresh();
    if (trust.version === this.#trustVersion) {
      return;
    }
    this.#trustVersion = trust.version;
    for (const { device, chain } of connections.principals) {
      try {
        await verifyChain(chain, trust, nowMs);
      } catch (error) {
        const { code } = CanopyError.from(error);
        if (code.startsWith('CERT_') && code !== 'CERT_REVOCATION_UNKNOWN') {
          this.#end(({ deviceId }) => deviceId === device.deviceId, code);
        }
      }
    }
    await this.#options.changed();
  }

  #end(matches: (device: VerifiedDevice) => boolean, code: ErrorCode): void {
    const { rooms, connections, log } = this.#options;
    rooms.remove(({ device }) => device !== undefined && matches(device), 'lost');
    const connectionsEnded = connections.endMatching(({ device }) => matches(device), code);
    if (connectionsEnded > 0) {
      log.info({ code, connectionsEnded }, 'ended connections whose certificates are no longer valid');
    }
  }
}
