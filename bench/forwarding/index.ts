/** What forwarding costs a media worker. */
export { benchForwarding, FORWARDING } from './bench-forwarding.ts';
export type { ForwardingOptions } from './options.ts';
export type { ForwardingRun } from './report.ts';
