/** The add-on's functions, as native/module.c exports them. */
import type { NetworkStats } from './types.ts';

declare const handle: unique symbol;
export interface NetworkHandle {
  readonly [handle]: 'network';
}

export interface NativeBinding {
  create(): NetworkHandle;
  /** Writes an address as packets bear it, TARGET_BYTES. */
  target(address: string, port: number, v6: boolean, out: Uint8Array): void;
  /** Returns the port's number here, and the port. Throws a RangeError when it cannot be bound. */
  bind(network: NetworkHandle, ip: string, port: number, v6: boolean): [number: number, port: number];
  closePort(network: NetworkHandle, number: number): void;
  /** Sends the first `length` bytes of packets, `aheadMs` from now. */
  send(network: NetworkHandle, packets: Uint8Array, length: number, aheadMs: number): void;
  /** Fills `out` with packets, and returns how many bytes they are. */
  receive(network: NetworkHandle, out: Uint8Array): number;
  forgetSources(network: NetworkHandle): void;
  stats(network: NetworkHandle): NetworkStats;
  close(network: NetworkHandle): void;
}

export const TARGET_BYTES = 28;

/** Loads the add-on from a file. Throws when it is missing or does not fit this machine. */
export function loadNative(path: string): NativeBinding {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, path);
  return module.exports as NativeBinding;
}
