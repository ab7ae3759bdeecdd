/** What forwarding costs a media worker. */
export { benchForwarding, FORWARDING } from './bench-forwarding.ts';
export type { ForwardingOptions } from './options.ts';
export { type ProcessTime, processTime } from './process-time.ts';
export { type Ratio, ratioOf } from './ratio.ts';
export type { ForwardingRun } from './report.ts';
export { type SendFloor, sendFloor } from './send-floor.ts';
export { stretchClip } from './stretch-clip.ts';
