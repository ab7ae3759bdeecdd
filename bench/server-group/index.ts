/** A server's processes in a control group: their use, their CPU quota, and when a quota is too small. */
export { MAX_ADDED_MS, MAX_LOSS_SHARE } from './knee-limits.ts';
export { ServerGroup } from './server-group.ts';
export { type ServerUsage, serverUsage } from './server-usage.ts';
export { SystemUnavailable } from './system-unavailable.ts';
