/** People of any system, in separate processes. */
export { srtpProfileName, srtpProfileOf } from './dtls-profile.ts';
export { type Counts, LoadProcesses } from './load-processes.ts';
export type { Person } from './messages.ts';
