/** The worker processes, and the addresses they listen on. */
export { AnnouncedHosts, announcedOf } from './announced-hosts.ts';
export { listenAddresses } from './listen.ts';
export { FIELD_TRIALS, MediaWorker } from './media-worker.ts';
export { WorkerPool } from './worker-pool.ts';
export { numbersProbesApart } from './worker-probes.ts';
