/** The functions that native/module.c exports. */
import type { NetworkStats } from './types.ts';

declare const handle: unique symbol;
export interface NetworkHandle {
  readonly [handle]: 'network';
}

export interface NativeBinding {
  create(): NetworkHandle;
  /** Writes a target address, as in the header of a packet, to `out` (TARGET_BYTES). */
  target(address: string, port: number, v6: boolean, out: Uint8Array): void;
  /** `receiveBytes` 0: the system's default. Returns the port's index in this network, and the UDP port. @throws {RangeError} the port cannot be bound */
  bind(
    network: NetworkHandle,
    ip: string,
    port: number,
    v6: boolean,
    receiveBytes: number,
  ): [number: number, port: number];
  closePort(network: NetworkHandle, number: number): void;
  /** Schedules the first `length` bytes of packets to leave in `aheadMs`. */
  send(network: NetworkHandle, packets: Uint8Array, length: number, aheadMs: number): void;
  /** Writes received packets to `out`; returns their length in bytes. */
  receive(network: NetworkHandle, out: Uint8Array): number;
  /** Makes receive() repeat the source address of the next packet on each port. */
  forgetSources(network: NetworkHandle): void;
  stats(network: NetworkHandle): NetworkStats;
  close(network: NetworkHandle): void;
}

export const TARGET_BYTES = 28;

/** Loads the add-on from a file. @throws {Error} the file is missing or does not load on this machine */
export function loadNative(path: string): NativeBinding {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, path);
  return module.exports as NativeBinding;
}
