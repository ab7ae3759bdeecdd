import { signal } from '@preact/signals';
import { CanopyError, type Client, type OwnDevice } from '../../../sdk/index.ts';

/** How often the list is loaded while it is shown, in milliseconds. */
const RELOAD_MS = 5000;

/** The devices of this account, in the dialog that lists them. */
export class OwnDeviceList {
  readonly devices = signal<readonly OwnDevice[] | undefined>(undefined);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #connect: () => Promise<Client>;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /** Loads the list, and again now and then. Returns a function that stops it. */
  start(): () => void {
    void this.load();
    const timer = setInterval(() => void this.load(), RELOAD_MS);
    return () => clearInterval(timer);
  }

  /** Never rejects. */
  async load(): Promise<void> {
    try {
      const client = await this.#connect();
      const devices = await client.devices.list();
      // Revoked ones are history.
      this.devices.value = devices.filter(({ revoked }) => !revoked);
      this.problem.value = undefined;
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    }
  }

  /** @throws {CanopyError} RATE_LIMITED, CONNECTION_LOST */
  async rename(deviceId: string, name: string): Promise<void> {
    const client = await this.#connect();
    await client.devices.rename(name, deviceId);
    await this.load();
  }

  /** Revokes a device, at once. @throws {CanopyError} RATE_LIMITED, CONNECTION_LOST */
  async remove(deviceId: string): Promise<void> {
    const client = await this.#connect();
    await client.devices.revoke(deviceId);
    await this.load();
  }
}
