/** Threads that share the media of all calls. */
export { MediaPool, type PoolOptions, type PoolStats, type SavedLeg } from './media-pool.ts';
