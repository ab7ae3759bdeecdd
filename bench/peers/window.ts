import type { CpuTimes } from '../generator/index.ts';

/** What was counted at one moment. */
export interface Reading {
  atMs: number;
  /** Of the server's processes, in seconds. */
  serverCpu: { total: number; node: number };
  sentPackets: number;
  packets: number;
  bytes: number;
  lostPackets: number;
  /** Of each load process, in seconds. */
  loadCpu: readonly number[];
  machine: CpuTimes;
}

/** What happened between two readings. */
export interface Window {
  seconds: number;
  /** Cores that the server used. */
  cores: number;
  /** Of these, by Node; 0 for other systems. */
  nodeCores: number;
  packetsPerSecond: number;
  /** Packets that arrived for each that was sent. */
  copies: number;
  /** RTP payload. */
  mbps: number;
  /** CPU per forwarded packet, in microseconds. */
  packetUs: number;
  /** CPU per Mbit of payload, in milliseconds. */
  mbitMs: number;
  lossShare: number;
  /** From sending to arriving, in milliseconds. */
  delay: { p50Ms: number; p99Ms: number };
  /** Cores that the busiest load process used. */
  busiestLoad: number;
  stealShare: number;
}

export function windowBetween(before: Reading, after: Reading, delay: Window['delay']): Window {
  const seconds = (after.atMs - before.atMs) / 1000;
  const cpu = after.serverCpu.total - before.serverCpu.total;
  const packets = after.packets - before.packets;
  const megabits = ((after.bytes - before.bytes) * 8) / 1e6;
  const lost = after.lostPackets - before.lostPackets;
  const ticks = after.machine.total - before.machine.total;
  return {
    seconds,
    cores: cpu / seconds,
    nodeCores: (after.serverCpu.node - before.serverCpu.node) / seconds,
    packetsPerSecond: packets / seconds,
    copies: packets / Math.max(1, after.sentPackets - before.sentPackets),
    mbps: megabits / seconds,
    packetUs: (cpu / packets) * 1e6,
    mbitMs: (cpu / megabits) * 1000,
    lossShare: lost / Math.max(1, lost + packets),
    delay,
    busiestLoad:
      Math.max(...after.loadCpu.map((used, index) => used - (before.loadCpu[index] ?? 0))) / seconds,
    stealShare: ticks === 0 ? 0 : (after.machine.steal - before.machine.steal) / ticks,
  };
}
