import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { DelayHistogram } from '../../client/node/index.ts';
import { clipFile } from '../clips/index.ts';
import {
  clipsOf,
  LoadPeerProcess,
  makeInvitation,
  type PeerPlan,
  type ProcessSample,
  type ServerUnderTest,
} from '../generator/index.ts';
import { expectedVideoStreams, type Scenario } from '../scenarios/index.ts';
import type { GrowingLoad, LoadWindow } from './growing-load.ts';

const TALKERS = 2;
/** How many join at once. */
const TOGETHER = 4;
/** How long streams may take to start. */
const PATIENCE_MS = 30_000;
/** UDP, IPv4 and SRTP's tag, in bytes per packet. */
const PACKET_OVERHEAD_BYTES = 44;

/** Rooms of people who send VP8 in three layers and show everyone else in a gallery; two in each talk. */
export class RoomsLoad implements GrowingLoad {
  readonly #server: ServerUnderTest;
  readonly #scenario: Scenario;
  readonly #processes: LoadPeerProcess[];
  #rooms = 0;

  private constructor(server: ServerUnderTest, scenario: Scenario) {
    this.#server = server;
    this.#scenario = scenario;
    this.#processes = Array.from(
      { length: Math.max(2, availableParallelism() - 1) },
      () => new LoadPeerProcess(),
    );
  }

  static async open(server: ServerUnderTest, peersPerRoom: number): Promise<RoomsLoad> {
    const scenario: Scenario = {
      name: 'capacity',
      description: '',
      rooms: 1,
      peersPerRoom,
      joinsPerSecond: 5,
      durationSeconds: 1,
      video: { codec: 'vp8', layers: 'simulcast' },
      layout: 'gallery',
      talkersPerRoom: TALKERS,
    };
    // Built here once, so that the processes find them in the cache.
    for (const name of clipsOf(scenario)) {
      await clipFile(name);
    }
    return new RoomsLoad(server, scenario);
  }

  async growTo(rooms: number): Promise<void> {
    const plans: PeerPlan[] = [];
    for (; this.#rooms < rooms; this.#rooms++) {
      plans.push(...(await this.#plansOf(this.#rooms)));
    }
    await Promise.all(
      this.#processes.map((process) => {
        const peers = plans.filter((plan) => this.#processOf(plan) === process);
        process.send({ type: 'prepare', serverUrl: this.#server.url, scenario: this.#scenario, peers });
        return process.next('prepared');
      }),
    );
    for (let at = 0; at < plans.length; at += TOGETHER) {
      await Promise.all(plans.slice(at, at + TOGETHER).map((plan) => this.#join(plan)));
    }
    const endMs = performance.now() + PATIENCE_MS;
    while (performance.now() < endMs && !this.#isComplete(await this.#count())) {
      await sleep(500);
    }
  }

  async measure(seconds: number): Promise<LoadWindow> {
    const before = await this.#count();
    await sleep(seconds * 1000);
    const after = await this.#count();
    const past = (samples: ProcessSample[], pick: (sample: ProcessSample) => number) =>
      samples.map((sample, index) => pick(sample) - pick(before.samples[index] as ProcessSample));
    const total = (pick: (sample: ProcessSample) => number) =>
      past(after.samples, pick).reduce((sum, each) => sum + each, 0);
    const packets = total((sample) => sample.packets);
    const lost = total((sample) => sample.lostPackets);
    const lasted = (after.atMs - before.atMs) / 1000;
    const mbps = (bytes: number, wirePackets: number) =>
      ((bytes + wirePackets * PACKET_OVERHEAD_BYTES) * 8) / 1e6 / lasted;
    return {
      packetsPerSecond: packets / lasted,
      lossShare: lost / Math.max(1, lost + packets),
      delay: { p50Ms: after.delay.quantileMs(0.5), p99Ms: after.delay.quantileMs(0.99) },
      sentMbps: mbps(
        total((sample) => sample.receivedBytes),
        total((sample) => sample.receivedPackets),
      ),
      receivedMbps: mbps(
        total((sample) => sample.sentBytes),
        total((sample) => sample.sentPackets),
      ),
      complete: this.#isComplete(after),
      busiestLoad: Math.max(...past(after.samples, (sample) => sample.cpuSeconds)) / lasted,
    };
  }

  async close(): Promise<void> {
    for (const process of this.#processes) {
      process.kill();
    }
  }

  async #plansOf(room: number): Promise<PeerPlan[]> {
    const { peersPerRoom } = this.#scenario;
    const plans: PeerPlan[] = [];
    for (let seat = 0; seat < peersPerRoom; seat++) {
      plans.push({
        index: room * peersPerRoom + seat,
        roomId: `capacity-${peersPerRoom}-${room}`,
        invitation: await makeInvitation(this.#server),
        talks: seat < TALKERS,
        decodes: false,
      });
    }
    return plans;
  }

  async #join(plan: PeerPlan): Promise<void> {
    const process = this.#processOf(plan);
    const answer = process.next('joined', plan.index);
    process.send({ type: 'join', index: plan.index });
    const { error } = await answer;
    if (error !== undefined) {
      throw new Error(`a peer could not join: ${error}`);
    }
  }

  #processOf({ index }: PeerPlan): LoadPeerProcess {
    return this.#processes[index % this.#processes.length] as LoadPeerProcess;
  }

  async #count() {
    const counts = await Promise.all(
      this.#processes.map((process) => {
        process.send({ type: 'count' });
        return process.next('counts');
      }),
    );
    const delay = new DelayHistogram();
    for (const each of counts) {
      delay.merge(each.delay);
    }
    return { atMs: performance.now(), samples: counts.map(({ sample }) => sample), delay };
  }

  #isComplete({ samples }: { samples: readonly ProcessSample[] }): boolean {
    const streams = samples.reduce((sum, { videoStreams }) => sum + videoStreams, 0);
    return streams >= expectedVideoStreams({ ...this.#scenario, rooms: this.#rooms });
  }
}
