import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PhoneServer } from './phone-server.ts';
import { freePort } from './programs.ts';
import { eventually } from './wait.ts';

const CANOPY = fileURLToPath(new URL('../../bin/canopy.ts', import.meta.url));

/** The phone gateway in its own process next to a server, as `canopy sip` runs it. */
export class GatewayProcess {
  readonly #process: ChildProcess;
  readonly #metricsUrl: string;
  #log = '';

  private constructor(process: ChildProcess, metricsUrl: string) {
    this.#process = process;
    this.#metricsUrl = metricsUrl;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
    }
  }

  /** @param url where the gateway reaches the server. Default: directly. */
  static async start({ server, sipPort }: PhoneServer, url = server.url): Promise<GatewayProcess> {
    const metricsPort = await freePort();
    const flags = ['--data', server.dataDir, '--sip-port', `${sipPort}`, '--sip-tls-port', '0'];
    const gateway = new GatewayProcess(
      spawn(process.execPath, [CANOPY, 'sip', ...flags, '--metrics-port', `${metricsPort}`], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, CANOPY_SIP_HOST: '127.0.0.1', CANOPY_SIP_SIGNALING_URL: url },
      }),
      `http://127.0.0.1:${metricsPort}/metrics`,
    );
    try {
      await eventually('the gateway shows its metrics', () => gateway.metrics().catch(() => ''));
    } catch (error) {
      await gateway.end('SIGKILL');
      throw new Error(gateway.log, { cause: error });
    }
    return gateway;
  }

  /** Its output so far. */
  get log(): string {
    return this.#log;
  }

  async metrics(): Promise<string> {
    return (await fetch(this.#metricsUrl)).text();
  }

  /** Waits until it has no objects of any call left. */
  async untilIdle(): Promise<void> {
    await eventually(
      'the gateway holds nothing of any call',
      async () =>
        (await this.metrics()).match(/^canopy_sip_objects\{kind="(?:calls|dialogs|legs|rooms)"\} \d+$/gm),
      (lines) => lines?.length === 4 && lines.every((line) => line.endsWith(' 0')),
    );
  }

  async end(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
      return;
    }
    const gone = once(this.#process, 'exit');
    this.#process.kill(signal);
    await gone;
  }
}
