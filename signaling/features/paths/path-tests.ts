import { randomUUID } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import type { RequestData, RequestResult } from '../../../contract/index.ts';
import type { TestLoad } from '../../../sfu/index.ts';
import { iceServers, type Kernel, type Session } from '../../kernel/index.ts';

type Load = RequestData<'path.send'>['load'];

/** How long a test may take, in milliseconds. */
const MAX_TEST_MS = 20_000;
/** How long a test counts in the budget, in milliseconds. */
const WINDOW_MS = 600_000;
/** Lifetime of TURN credentials for a test, in seconds. */
const TURN_TTL_SECONDS = 60;
/** Maximum number of full loads that are sent at the same time. */
const MAX_FULL_LOADS = 4;
const MAX_FULL_BPS = 4_000_000;
const FULL_PACKET_BYTES = 1200;
const LIGHT: TestLoad = { packets: 100, packetBytes: 200, durationMs: 1000 };

interface Running {
  testId: string;
  timer: NodeJS.Timeout;
  /** The loads that have been sent. */
  readonly sent: Set<Load>;
}

/**
 * The connection tests of all connections, at most one each. A test costs the server up to three transports and half a megabyte, so it is
 * budgeted per account, invitation and network, and for the whole server.
 */
export class PathTests {
  readonly #kernel: Kernel;
  readonly #running = new WeakMap<Session, Running>();
  #fullLoads = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws {CanopyError} RATE_LIMITED, SERVER_BUSY, SERVER_CLOSING, WORKER_UNAVAILABLE */
  async open(session: Session): Promise<RequestResult<'path.open'>> {
    const { budgets, config, draining, sfu } = this.#kernel;
    if (draining) {
      throw new CanopyError('SERVER_CLOSING');
    }
    this.close(session);
    const release = budgets.pathTests.take(session.holder);
    setTimeout(release, WINDOW_MS).unref();
    const { testId, routerRtpCapabilities } = await sfu.openPathTest();
    if (session.closed) {
      sfu.closePathTest(testId);
      throw new CanopyError('PATH_TEST_MISSING');
    }
    // Of two concurrent requests, the second one's test remains.
    this.close(session);
    const timer = setTimeout(() => this.close(session), MAX_TEST_MS).unref();
    this.#running.set(session, { testId, timer, sent: new Set() });
    session.releases.push(() => this.close(session));
    const servers = iceServers(config, randomUUID(), Date.now(), TURN_TTL_SECONDS);
    const relays = servers.some(({ urls }) => urls.some((url) => /^turns?:/.test(url)));
    return {
      routerRtpCapabilities,
      iceServers: servers,
      paths: ['udp', 'tcp', ...(relays ? ['relay' as const] : [])],
      maxBitrateBps: config.media.downBudgetKbps * 1000,
    };
  }

  /** The id of the connection's test. @throws {CanopyError} PATH_TEST_MISSING */
  testOf(session: Session): string {
    return this.#require(session).testId;
  }

  /** @throws {CanopyError} PATH_TEST_MISSING; LIMIT_REACHED - the load was sent before; SERVER_BUSY; TRANSPORT_UNKNOWN */
  async send(session: Session, transportId: string, load: Load): Promise<RequestResult<'path.send'>> {
    const running = this.#require(session);
    if (running.sent.has(load)) {
      throw new CanopyError('LIMIT_REACHED', 'each load is sent once per test');
    }
    const full = load === 'full';
    if (full && this.#fullLoads >= MAX_FULL_LOADS) {
      throw new CanopyError('SERVER_BUSY', 'other connection tests are running');
    }
    running.sent.add(load);
    this.#fullLoads += Number(full);
    try {
      const testLoad = full ? fullLoad(this.#kernel.config.media.downBudgetKbps * 1000) : LIGHT;
      const sent = await this.#kernel.sfu.sendTestLoad(running.testId, transportId, testLoad);
      return { ...sent, bytes: sent.packets * testLoad.packetBytes };
    } finally {
      this.#fullLoads -= Number(full);
    }
  }

  /** Ends the connection's test, if there is one. */
  close(session: Session): void {
    const running = this.#running.get(session);
    if (!running) {
      return;
    }
    this.#running.delete(session);
    clearTimeout(running.timer);
    this.#kernel.sfu.closePathTest(running.testId);
  }

  #require(session: Session): Running {
    const running = this.#running.get(session);
    if (!running) {
      throw new CanopyError('PATH_TEST_MISSING');
    }
    return running;
  }
}

function fullLoad(maxBps: number): TestLoad {
  const durationMs = 1000;
  const bytes = (Math.min(maxBps, MAX_FULL_BPS) / 8) * (durationMs / 1000);
  return { packets: Math.ceil(bytes / FULL_PACKET_BYTES), packetBytes: FULL_PACKET_BYTES, durationMs };
}
