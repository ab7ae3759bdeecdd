/** Bytes that a stamp takes at the end of a payload. */
export const STAMP_BYTES = 8;

/** From performance.now() of this process to the monotonic clock that all processes of a machine share, in milliseconds. */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Writes when a packet is sent into its last bytes. */
export function writeStamp(packet: Buffer): void {
  packet.writeDoubleBE(performance.now() + OFFSET_MS, packet.length - STAMP_BYTES);
}

/** How long ago a packet with this payload was sent by a process of this machine, in milliseconds. */
export function stampAgeMs(payload: Buffer): number {
  return performance.now() + OFFSET_MS - payload.readDoubleBE(payload.length - STAMP_BYTES);
}
