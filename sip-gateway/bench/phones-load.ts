import { setTimeout as sleep } from 'node:timers/promises';
import { type CallAttempt, Callers } from './callers.ts';
import { quantile } from './figures.ts';
import { heardBy } from './heard.ts';
import type { ServerWithPhones } from './room-call.ts';
import { RtpLoad } from './rtp-load.ts';
import { speechFrames } from './speech.ts';
import { setUpTrunk } from './trunk.ts';

const PHONES_PER_ROOM = 5;
const MAX_PHONES = 2000;
const CALLS_PER_SECOND = 20;
/** PCMU of 20 ms, RTP, UDP and IPv4. */
const PACKET_BYTES = 160 + 12 + 8 + 20;

/** Somebody who listens in a room, so that its phones are encoded for it. */
export type Listen = (roomId: string) => Promise<{ leave(): Promise<void> }>;

/** PCMU phones that talk all the time, five in each room with one listener, whose number can be raised. */
export class PhonesLoad {
  readonly #callers: Callers;
  readonly #frames: Uint8Array[];
  readonly #listen: Listen;
  readonly #calls: CallAttempt[] = [];
  readonly #voices: RtpLoad[] = [];
  readonly #listeners: Array<{ leave(): Promise<void> }> = [];

  private constructor(callers: Callers, frames: Uint8Array[], listen: Listen) {
    this.#callers = callers;
    this.#frames = frames;
    this.#listen = listen;
  }

  static async open(server: ServerWithPhones, listen: Listen): Promise<PhonesLoad> {
    const rooms = Array.from({ length: MAX_PHONES / PHONES_PER_ROOM }, (_, index) => room(index));
    await setUpTrunk(server, rooms, MAX_PHONES);
    const frames = await speechFrames('PCMU', 8_000);
    return new PhonesLoad(await Callers.start(server.sipPort), frames, listen);
  }

  async growTo(phones: number): Promise<void> {
    const voices = await RtpLoad.start({ frames: this.#frames, payloadType: 0, clockRate: 8_000 });
    this.#voices.push(voices);
    const ports: number[] = [];
    while (this.#calls.length < phones) {
      const { number, roomId } = room(Math.floor(this.#calls.length / PHONES_PER_ROOM));
      if (this.#calls.length % PHONES_PER_ROOM === 0) {
        this.#listeners.push(await this.#listen(roomId));
      }
      const call = await this.#callers.call({ number, mediaPort: voices.port, retransmits: true });
      this.#calls.push(call);
      if (call.mediaPort > 0) {
        ports.push(call.mediaPort);
      }
      await sleep(1000 / CALLS_PER_SECOND);
    }
    voices.send(ports);
  }

  async measure(seconds: number) {
    const cpuBefore = this.#cpuSeconds();
    for (const voices of this.#voices) {
      voices.take();
    }
    const startedMs = performance.now();
    await sleep(seconds * 1000);
    const packets = this.#voices.flatMap((voices) => voices.take());
    const lasted = (performance.now() - startedMs) / 1000;
    const heard = heardBy(this.#calls.length, lasted, packets);
    const mbps = (perSecond: number) => (perSecond * PACKET_BYTES * 8) / 1e6;
    return {
      packetsPerSecond: heard.packets / lasted,
      lossShare: heard.lostFraction,
      delay: { p50Ms: quantile(heard.errorsMs, 0.5), p99Ms: quantile(heard.errorsMs, 0.99) },
      sentMbps: mbps(heard.packets / lasted),
      receivedMbps: mbps(this.#calls.length * 50),
      complete: this.#calls.every(({ mediaPort }) => mediaPort > 0),
      busiestLoad:
        Math.max(...this.#cpuSeconds().map((used, index) => used - (cpuBefore[index] ?? 0))) / lasted,
    };
  }

  async close(): Promise<void> {
    for (const call of this.#calls) {
      call.hangUp();
    }
    await Promise.all(this.#listeners.map((listener) => listener.leave()));
    this.#callers.close();
    await Promise.all(this.#voices.map((voices) => voices.close()));
  }

  /** Of this process, in which the listeners are, and of the phones'. */
  #cpuSeconds(): number[] {
    const { user, system } = process.cpuUsage();
    return [(user + system) / 1e6, ...this.#voices.map(({ cpuSeconds }) => cpuSeconds)];
  }
}

function room(index: number): { number: string; roomId: string } {
  return { number: `${1000 + index}`, roomId: `capacity-phones-${index}` };
}
