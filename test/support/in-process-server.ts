import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, loadConfig } from '../../base/index.ts';
import { budgetsOf, listenAddresses, Sfu, type SfuOptions } from '../../sfu/index.ts';
import { type Broadcaster, type SignalingServer, startSignaling } from '../../signaling/index.ts';

/** A server in the test's process, on free ports, with real media workers (default: one) and a temporary data folder. */
export class InProcessServer {
  readonly url: string;
  readonly dataDir: string;
  readonly sfu: Sfu;
  readonly signaling: SignalingServer;

  readonly #isTemporary: boolean;

  private constructor(dataDir: string, isTemporary: boolean, sfu: Sfu, signaling: SignalingServer) {
    this.#isTemporary = isTemporary;
    this.dataDir = dataDir;
    this.sfu = sfu;
    this.signaling = signaling;
    this.url = `http://127.0.0.1:${signaling.port}`;
  }

  /** @param flags settings; with `data.dir`, the folder stays when the server closes */
  static async start(
    flags: Record<string, unknown> = {},
    sfuOptions: Partial<SfuOptions> = {},
    { broadcaster }: { broadcaster?: Broadcaster } = {},
  ): Promise<InProcessServer> {
    const given = flags['data.dir'];
    const dataDir = typeof given === 'string' ? given : await mkdtemp(join(tmpdir(), 'canopy-in-process-'));
    const config = loadConfig({
      env: {},
      flags: {
        'server.host': '127.0.0.1',
        'server.port': 0,
        'rtc.announce': '127.0.0.1',
        'data.dir': dataDir,
        ...flags,
      },
    });
    const log = createLogger({ level: 'silent', format: 'json' });
    const sfu = await Sfu.create({
      workers: 1,
      rtcPort: 0,
      listen: listenAddresses(['127.0.0.1']),
      workerBin: process.env.MEDIASOUP_WORKER_BIN,
      ...budgetsOf(config),
      log,
      ...sfuOptions,
    });
    const signaling = await startSignaling({ config, log, sfu, version: '0.0.0', broadcaster });
    return new InProcessServer(dataDir, given === undefined, sfu, signaling);
  }

  /** Calls the REST API with the key from the data folder, or another one. */
  async api(
    method: string,
    path: string,
    body?: unknown,
    key?: string,
  ): Promise<{ status: number; body: unknown }> {
    const secret = key ?? (await readFile(join(this.dataDir, 'api.key'), 'utf8')).trim();
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Creates a one-time invitation link. */
  async invite(options: { role?: string; roomId?: string; displayName?: string } = {}): Promise<string> {
    const { body } = await this.api('POST', '/api/invites', options);
    return (body as { url: string }).url;
  }

  async close(): Promise<void> {
    await this.signaling.close();
    await this.sfu.close();
    if (this.#isTemporary) {
      await rm(this.dataDir, { recursive: true, force: true });
    }
  }
}
