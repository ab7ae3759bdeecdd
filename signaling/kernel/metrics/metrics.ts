import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ERROR_CODES, type ErrorCode } from '../../../base/index.ts';
import type { RequestName } from '../../../contract/index.ts';
import type { Sfu } from '../../../sfu/index.ts';

/** Stages of joining that are timed from the opening of the connection. */
export type JoinStage =
  | 'authenticated'
  | 'joined'
  | 'transport_created'
  | 'ice_connected'
  | 'media_connected'
  | 'first_rtp'
  | 'first_producer'
  | 'first_consumer';

/** What the metrics page reads at each scrape. */
export interface MetricsSources {
  sfu: Pick<Sfu, 'gauges' | 'workers' | 'traffic' | 'load'>;
  connections(): number;
  rooms(): number;
  /** Peers with a connection, and those whose seat is kept without one. */
  peers(): { connected: number; waiting: number };
  participants(): number;
  /** Further metrics for the page, in the text format. */
  further?: (() => Promise<string>) | undefined;
}

/**
 * Interval at which Node samples the event loop's delay, in milliseconds. Waking an idle process costs about 40 µs, so the usual 10 ms would
 * take 0.4 % of a core. The reported delays include this interval.
 */
const LOOP_DELAY_INTERVAL_MS = 100;
/** Histogram buckets in seconds; the goals are in the middle. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30];

/**
 * The Prometheus metrics of the kernel and the media plane; features add theirs to the registry. Every label has a bounded set of values:
 * kinds, codes, requests, worker numbers.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #errors: Counter<'code'>;
  readonly #requests: Histogram<'request'>;
  readonly #stages: Histogram<'stage'>;
  readonly #workerDeaths: Counter;
  readonly #spans: Counter<'outcome'>;
  readonly #objects: Gauge<'kind'>;
  readonly #workers: ReturnType<typeof workerGauges>;
  readonly #traffic: Counter<'direction'>;
  readonly #load: ReturnType<typeof loadGauges>;
  #sources: MetricsSources | undefined;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({
      register: this.registry,
      eventLoopMonitoringPrecision: LOOP_DELAY_INTERVAL_MS,
    });
    this.#errors = new Counter({
      name: 'canopy_errors_total',
      help: 'Errors returned to clients, by code',
      labelNames: ['code'],
      registers,
    });
    this.#requests = new Histogram({
      name: 'canopy_request_duration_seconds',
      help: 'Time to handle a socket request',
      labelNames: ['request'],
      buckets: BUCKETS,
      registers,
    });
    this.#stages = new Histogram({
      name: 'canopy_join_stage_seconds',
      help: 'Time from opening a connection to each stage of joining: authenticated, joined, transport_created, ice_connected, media_connected, first_producer, first_consumer, first_rtp (the first packet from them)',
      labelNames: ['stage'],
      buckets: BUCKETS,
      registers,
    });
    this.#workerDeaths = new Counter({
      name: 'canopy_worker_deaths_total',
      help: 'Media workers that died or were killed',
      registers,
    });
    this.#spans = new Counter({
      name: 'canopy_trace_spans_total',
      help: 'Spans of traces: exported, or failed because the collector did not take them',
      labelNames: ['outcome'],
      registers,
    });
    this.#objects = new Gauge({
      name: 'canopy_objects',
      help: 'Live objects by kind',
      labelNames: ['kind'],
      registers,
    });
    this.#workers = workerGauges(this.registry);
    this.#load = loadGauges(this.registry);
    this.#traffic = new Counter({
      name: 'canopy_media_bytes_total',
      help: 'Media bytes received from and sent to clients',
      labelNames: ['direction'],
      registers,
    });
  }

  /** Sets the sources that are read at each scrape. */
  watch(sources: MetricsSources): void {
    this.#sources = sources;
  }

  error(code: ErrorCode | string): void {
    this.#errors.inc({ code: Object.hasOwn(ERROR_CODES, code) ? code : 'INTERNAL' });
  }

  request(request: RequestName, seconds: number): void {
    this.#requests.observe({ request }, seconds);
  }

  joinStage(stage: JoinStage, seconds: number): void {
    this.#stages.observe({ stage }, seconds);
  }

  workerDied(): void {
    this.#workerDeaths.inc();
  }

  spans(outcome: 'exported' | 'failed', count: number): void {
    this.#spans.inc({ outcome }, count);
  }

  /** The metrics page in the Prometheus text format, with current values. */
  async page(): Promise<{ body: string; contentType: string }> {
    const sources = this.#sources;
    if (sources) {
      this.#refreshObjects(sources);
      this.#refreshLoad(sources);
      await Promise.all([this.#refreshWorkers(sources), this.#refreshTraffic(sources)]);
    }
    const pages = await Promise.all([this.registry.metrics(), sources?.further?.()]);
    return { body: pages.filter(Boolean).join('\n'), contentType: this.registry.contentType };
  }

  #refreshObjects({ sfu, connections, rooms, participants, peers }: MetricsSources): void {
    const { connected, waiting } = peers();
    const counts = {
      ...sfu.gauges(),
      connections: connections(),
      rooms: rooms(),
      participants: participants(),
      peersConnected: connected,
      peersWaiting: waiting,
    };
    for (const [kind, count] of Object.entries(counts)) {
      this.#objects.set({ kind }, count);
    }
  }

  #refreshLoad({ sfu }: MetricsSources): void {
    const { workers, stealShare, egressBps, linkBps, heldConsumers } = sfu.load();
    this.#load.cpuShare.reset();
    this.#load.stressLevel.reset();
    for (const [index, { cpuShare, stressLevel }] of workers.entries()) {
      const worker = String(index);
      this.#load.cpuShare.set({ worker }, cpuShare ?? 0);
      this.#load.stressLevel.set({ worker }, stressLevel);
    }
    this.#load.steal.set(stealShare);
    this.#load.allocated.set(egressBps);
    this.#load.link.set(linkBps === null ? 0 : egressBps / linkBps);
    this.#load.held.set(heldConsumers);
  }

  async #refreshWorkers({ sfu }: MetricsSources): Promise<void> {
    const statuses = await sfu.workers();
    for (const gauge of Object.values(this.#workers)) {
      gauge.reset();
    }
    for (const [index, status] of statuses.entries()) {
      const worker = String(index);
      this.#workers.pid.set({ worker }, status.pid);
      this.#workers.cpu.set({ worker }, status.cpuSeconds);
      this.#workers.memory.set({ worker }, status.maxRssBytes);
      this.#workers.port.set({ worker }, status.rtcPort);
      this.#workers.rooms.set({ worker }, status.rooms);
      this.#workers.consumers.set({ worker }, status.consumers);
    }
  }

  async #refreshTraffic({ sfu }: MetricsSources): Promise<void> {
    const totals = await sfu.traffic();
    this.#traffic.reset();
    this.#traffic.inc({ direction: 'received' }, totals.receivedBytes);
    this.#traffic.inc({ direction: 'sent' }, totals.sentBytes);
  }
}

function workerGauges(registry: Registry) {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `canopy_worker_${name}`, help, labelNames: ['worker'], registers: [registry] });
  return {
    pid: gauge('pid', 'Process id of each media worker'),
    cpu: gauge('cpu_seconds', 'User and system CPU time of each media worker since it started'),
    memory: gauge('max_rss_bytes', 'Largest resident set of each media worker'),
    port: gauge('rtc_port', 'UDP and TCP port of each media worker'),
    rooms: gauge('rooms', 'Rooms of each media worker'),
    consumers: gauge('consumers', 'Consumers of each media worker'),
  };
}

function loadGauges(registry: Registry) {
  const options = (name: string, help: string) => ({ name: `canopy_${name}`, help, registers: [registry] });
  const perWorker = (name: string, help: string) =>
    new Gauge({ ...options(`worker_${name}`, help), labelNames: ['worker'] });
  return {
    cpuShare: perWorker(
      'cpu_share',
      'CPU use of each media worker over the last 5 s, as a share of one core, 0 to 1',
    ),
    stressLevel: perWorker(
      'stress_level',
      'How far video quality is lowered on each media worker because of CPU load, 0 to 3',
    ),
    steal: new Gauge(
      options('cpu_steal_share', 'CPU time stolen by the hypervisor, as a share of the machine, 0 to 1'),
    ),
    allocated: new Gauge(options('allocated_bits_per_second', 'Currently allocated egress bitrate')),
    link: new Gauge(
      options('link_share', 'Allocated share of media.linkMbps, 0 to 1; 0 if no link limit is set'),
    ),
    held: new Gauge(options('held_consumers', 'Consumers paused by the server')),
  };
}
