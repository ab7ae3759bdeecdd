import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UdpRelay } from '../../bench/index.ts';
import { CuttableRelay } from './cuttable-relay.ts';
import { PhoneServer } from './phone-server.ts';
import { freePort } from './programs.ts';

/** The announced media address, where only the relay listens. */
const MEDIA = '127.0.0.2';
const WORKER = '127.0.0.1';

/**
 * A server with phones that can be restarted under one address, behind relays that can lose the network: one for signalling, one for
 * Chromium's media, and one for Firefox's, which needs a network address of this machine.
 */
export class LosableServer {
  phones: PhoneServer;
  readonly #relay: CuttableRelay;
  readonly #media: UdpRelay[];
  readonly #start: () => Promise<PhoneServer>;
  readonly #dataDir: string;

  private constructor(parts: {
    phones: PhoneServer;
    relay: CuttableRelay;
    media: UdpRelay[];
    start: () => Promise<PhoneServer>;
    dataDir: string;
  }) {
    this.phones = parts.phones;
    this.#relay = parts.relay;
    this.#media = parts.media;
    this.#start = parts.start;
    this.#dataDir = parts.dataDir;
  }

  /** @param address for Firefox */
  static async start(address: string | undefined): Promise<LosableServer> {
    const dataDir = mkdtempSync(join(tmpdir(), 'canopy-hour-'));
    const port = await freePort();
    let phones: PhoneServer | undefined;
    const relay = await CuttableRelay.open(() => phones?.server.port ?? 0);
    const upstream = { address: WORKER, port };
    const media = [await UdpRelay.create({ listen: { address: MEDIA, port }, upstream })];
    if (address !== undefined) {
      media.push(await UdpRelay.create({ listen: { address, port: 0 }, upstream }));
    }
    const start = async () => {
      phones = await PhoneServer.start({
        dataDir,
        flags: ['--workers', '1', '--announce', MEDIA, '--rtc-port', `${port}`],
        env: { CANOPY_SERVER_PUBLIC_URL: relay.url },
      });
      return phones;
    };
    return new LosableServer({ phones: await start(), relay, media, start, dataDir });
  }

  get url(): string {
    return this.#relay.url;
  }

  /** Where Firefox's media goes. */
  get firefoxMedia(): { address: string; port: number } | undefined {
    return this.#media[1]?.address;
  }

  /** Loses the network between everyone and the server, or brings it back. */
  lose(lost = true): void {
    for (const each of this.#media) {
      each.filter = () => !lost;
    }
    if (lost) {
      this.#relay.refuse();
    } else {
      this.#relay.allow();
    }
  }

  /** Stops the server as an operator would. */
  async stop(): Promise<void> {
    await this.phones.server.terminate();
  }

  /** Starts it again with its data. */
  async restart(): Promise<void> {
    this.phones = await this.#start();
  }

  async close(): Promise<void> {
    await this.phones.close();
    this.#relay.close();
    for (const each of this.#media) {
      each.close();
    }
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
