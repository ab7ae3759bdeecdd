import assert from 'node:assert/strict';
import { UdpRelay } from '../../bench/index.ts';
import { AttackedServer } from './attacked-server.ts';
import type { TestServer } from './server.ts';

/** An attacked server with one worker and a relay in front of its media port, where packets can be observed, dropped and forged. */
export class RelayedServer {
  readonly server: TestServer;
  readonly relay: UdpRelay;
  /** The worker's real media address, behind the relay, for packets from strangers. */
  readonly worker: { address: string; port: number };
  readonly #attacked: AttackedServer;

  private constructor(attacked: AttackedServer, relay: UdpRelay, port: number) {
    this.#attacked = attacked;
    this.server = attacked.server;
    this.relay = relay;
    this.worker = { address: '127.0.0.1', port };
  }

  static async start(): Promise<RelayedServer> {
    const attacked = await AttackedServer.start({ flags: ['--workers', '1', '--announce', '127.0.0.2'] });
    const port = (await attacked.server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
    assert.ok(port);
    const relay = await UdpRelay.create({
      listen: { address: '127.0.0.2', port },
      upstream: { address: '127.0.0.1', port },
    });
    return new RelayedServer(attacked, relay, port);
  }

  /** Addresses of the clients that appeared at the relay during `enter`. */
  async newcomers(enter: () => Promise<unknown>): Promise<string[]> {
    const before = new Set(this.#clients());
    await enter();
    return this.#clients().filter((client) => !before.has(client));
  }

  async close(): Promise<void> {
    try {
      await this.#attacked.close();
    } finally {
      this.relay.close();
    }
  }

  #clients(): string[] {
    return this.relay.counters.map(({ client }) => client);
  }
}
