import { setTimeout as sleep } from 'node:timers/promises';
import { DelayTap, type HeldPackets } from './delay-tap.ts';
import type { WorkerUnderTest } from './worker-under-test.ts';

/** How long a worker forwards before each measurement, in milliseconds: it starts with a key frame. */
const SETTLE_MS = 1_000;
/** How long packets that are on their way may take, in milliseconds. */
const DRAIN_MS = 100;

/** What a worker did in one slice of time. */
export interface Slice {
  packets: number;
  seconds: number;
  /** CPU per forwarded packet, in microseconds. */
  packetUs: number;
  userUs: number;
  systemUs: number;
  missing: number;
  /** Packets that the worker itself missed at first, and so forwarded after later ones. */
  late: number;
  disordered: number;
  duplicates: number;
  /** What SRTP and RTCP add to each packet, in bytes. */
  tagBytes: number;
}

/** How long a worker held packets. */
export interface Held extends HeldPackets {
  /** As in a slice. */
  late: number;
}

/** Lets a worker forward for some seconds, and measures its CPU. */
export async function measureSlice(worker: WorkerUnderTest, seconds: number): Promise<Slice> {
  const lateBefore = await worker.late();
  worker.start();
  await sleep(SETTLE_MS);
  const sentBefore = await worker.sent();
  const before = { time: worker.time, received: worker.received, atMs: performance.now() };
  await sleep(seconds * 1000);
  const after = { time: worker.time, received: worker.received, atMs: performance.now() };
  const sentAfter = await worker.sent();
  worker.stop();
  await sleep(DRAIN_MS);
  const late = (await worker.late()) - lateBefore;
  const packets = after.received.packets - before.received.packets;
  const usedUs = (after.time.total - before.time.total) * 1e6;
  const user = after.time.user - before.time.user;
  const system = after.time.system - before.time.system;
  return {
    packets,
    seconds: (after.atMs - before.atMs) / 1000,
    packetUs: usedUs / packets,
    userUs: (usedUs / packets) * (user / (user + system)),
    systemUs: (usedUs / packets) * (system / (user + system)),
    missing: after.received.missing - before.received.missing,
    late,
    disordered: after.received.disordered - before.received.disordered,
    duplicates: after.received.duplicates - before.received.duplicates,
    tagBytes: (sentAfter.otherBytes - sentBefore.otherBytes) / (sentAfter.packets - sentBefore.packets),
  };
}

/** Lets a worker forward for some seconds, and measures how long it holds packets. Undefined if this process may not read the interface. */
export async function measureDelay(worker: WorkerUnderTest, seconds: number): Promise<Held | undefined> {
  const lateBefore = await worker.late();
  worker.start();
  await sleep(SETTLE_MS);
  const tap = await DelayTap.start(await worker.port());
  await sleep(tap ? seconds * 1000 : 0);
  const held = await tap?.stop();
  worker.stop();
  await sleep(DRAIN_MS);
  return held && { ...held, late: (await worker.late()) - lateBefore };
}
