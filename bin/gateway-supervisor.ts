import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, Logger } from '../base/index.ts';
import { ChildMetrics } from './child-metrics.ts';
import { ChildSupervisor } from './child-supervisor.ts';
import type { FromGateway, ToGateway } from './gateway-messages.ts';

const PROGRAM = fileURLToPath(new URL(`./gateway-process${extname(import.meta.filename)}`, import.meta.url));

export interface GatewaySupervisorOptions {
  config: Config;
  log: Logger;
  /** URL of the server on this host. */
  url: string;
}

/** Runs the phone gateway as a separate process. close() ends its calls. */
export class GatewaySupervisor {
  readonly #metrics = new ChildMetrics('canopy_sip_gateway');
  readonly #child: ChildSupervisor<ToGateway, FromGateway>;

  private constructor({ config, log, url }: GatewaySupervisorOptions) {
    this.#child = new ChildSupervisor({
      name: 'phone gateway',
      withoutIt: 'phones cannot call',
      program: PROGRAM,
      log,
      begin: () => ({ type: 'start', config, url }),
      // Another gateway took over.
      mayRestart: ({ code }) => code !== 'SESSION_REPLACED',
      metrics: this.#metrics,
    });
  }

  /** Starts the gateway and waits until phones may call. @throws {CanopyError} PORT_IN_USE, CONFIG_INVALID, CONNECTION_LOST … */
  static async start(options: GatewaySupervisorOptions): Promise<GatewaySupervisor> {
    const supervisor = new GatewaySupervisor(options);
    await supervisor.#child.start();
    return supervisor;
  }

  /** Metrics of the gateway and its process in the Prometheus text format; only the process's while the gateway is down. */
  async metricsPage(): Promise<string> {
    const pages = [await this.#metrics.registry.metrics(), await this.#child.metricsPage()];
    return pages.filter(Boolean).join('\n');
  }

  async close(): Promise<void> {
    await this.#child.close();
  }
}
