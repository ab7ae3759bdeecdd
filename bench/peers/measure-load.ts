import { setTimeout as sleep } from 'node:timers/promises';
import { machineCpu } from '../generator/index.ts';
import { serverUsage } from '../server-group/index.ts';
import { findKnee, type Knee, MAX_MISSING_SHARE } from './knee.ts';
import { LoadProcesses } from './load/index.ts';
import type { MediaServer } from './media-server.ts';
import type { PeersScenario } from './scenarios.ts';
import type { Variant } from './systems.ts';
import { type Reading, type Window, windowBetween } from './window.ts';

/** Processes of the load. */
const PROCESSES = 2;
/** How many enter at once. */
const TOGETHER = 4;
/** How long streams may take to start. */
const PATIENCE_MS = 30_000;
/** Until a new quota shows. */
const QUOTA_SETTLE_MS = 1000;
/** Or less, if all measurements are shorter. */
const KNEE_SECONDS = 4;
/** Shares of its quota that the server would use if it needed as much as without one. */
export const LOADS = [0.25, 0.5, 0.75] as const;

/** One server under one load. */
export interface LoadMeasurement {
  /** Without a quota. */
  free: Window;
  /** By `LOADS`. */
  loaded: Window[];
  knee: Knee | undefined;
  /** Growth per person. */
  bytesPerPerson: number;
  /** Video streams that arrived. */
  videoStreams: number;
}

/**
 * Lets people enter, and measures first without a quota, then under quotas that make the same load a quarter, half and three quarters of
 * what the server may use, and then under ever smaller ones up to its knee.
 */
export async function measureLoad(
  variant: Variant,
  scenario: PeersScenario,
  server: MediaServer,
  { seconds, settleSeconds }: { seconds: number; settleSeconds: number },
): Promise<LoadMeasurement> {
  const load = new LoadProcesses(PROCESSES);
  try {
    await load.prepare(variant, server.access, scenario.people);
    const empty = await serverUsage(server.group);
    await enterAll(load, scenario);
    const videoStreams = await flowing(load, scenario);
    await sleep(settleSeconds * 1000);
    const full = await serverUsage(server.group);
    const measure = (forSeconds: number) => measureWindow(load, server, forSeconds);
    const free = await measure(seconds);
    const under = async (cores: number, forSeconds: number) => {
      await server.group.limit(cores);
      await sleep(QUOTA_SETTLE_MS);
      return measure(forSeconds);
    };
    const loaded: Window[] = [];
    for (const share of LOADS) {
      loaded.push(await under(free.cores / share, seconds));
    }
    const atMost = MAX_MISSING_SHARE[scenario.videoStreams > 0 ? 'video' : 'voices'];
    const knee = await findKnee(free, (cores) => under(cores, Math.min(KNEE_SECONDS, seconds)), atMost);
    await server.group.limit(undefined);
    const bytesPerPerson = (full.rssBytes - empty.rssBytes) / scenario.people.length;
    return { free, loaded, knee, bytesPerPerson, videoStreams };
  } finally {
    await load.close();
  }
}

/** Those who send enter first, so that the others find everyone. */
async function enterAll(load: LoadProcesses, { people }: PeersScenario): Promise<void> {
  const senders = people.filter(({ clips }) => clips.length > 0);
  const others = people.filter(({ clips }) => clips.length === 0);
  for (const group of [senders, others]) {
    await inGroups(group, ({ name }) => load.tell('enter', name));
  }
  await inGroups(people, ({ name }) => load.tell('watch', name));
}

async function inGroups<T>(all: readonly T[], begin: (each: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += TOGETHER) {
    await Promise.all(all.slice(at, at + TOGETHER).map(begin));
  }
}

/** Waits until all video arrives, up to a limit. Returns how many streams do. */
async function flowing(load: LoadProcesses, { videoStreams }: PeersScenario): Promise<number> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const counts = await load.read();
    if (counts.flowing >= videoStreams || performance.now() > endMs) {
      return counts.flowing;
    }
    await sleep(200);
  }
}

async function measureWindow(load: LoadProcesses, server: MediaServer, seconds: number): Promise<Window> {
  const before = await reading(load, server);
  await sleep(seconds * 1000);
  const after = await reading(load, server);
  const delay = { p50Ms: after.delay.quantileMs(0.5), p99Ms: after.delay.quantileMs(0.99) };
  return windowBetween(before, after, delay);
}

async function reading(load: LoadProcesses, server: MediaServer) {
  const { cpu } = await serverUsage(server.group);
  const { cpuSeconds, sentPackets, packets, bytes, lostPackets, delay, atMs } = await load.read();
  const reading: Reading = {
    atMs,
    serverCpu: cpu,
    sentPackets,
    packets,
    bytes,
    lostPackets,
    loadCpu: cpuSeconds,
    machine: machineCpu(),
  };
  return { ...reading, delay };
}
