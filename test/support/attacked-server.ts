import assert from 'node:assert/strict';
import { untilBaseline } from './gauges.ts';
import { type ServerOptions, TestServer } from './server.ts';

/** A server that must withstand an attack: at the end no objects are left, and its media workers are the same. */
export class AttackedServer {
  readonly server: TestServer;
  readonly #workers: number[];

  private constructor(server: TestServer, workers: number[]) {
    this.server = server;
    this.#workers = workers;
  }

  static async start(options?: ServerOptions): Promise<AttackedServer> {
    const server = await TestServer.start(options);
    return new AttackedServer(server, await server.workerPids());
  }

  /** Checks that it withstood the attack, and stops it. */
  async close(): Promise<void> {
    try {
      await untilBaseline(this.server);
      assert.deepEqual(await this.server.workerPids(), this.#workers, 'no worker died');
    } finally {
      await this.server.close();
    }
  }
}
