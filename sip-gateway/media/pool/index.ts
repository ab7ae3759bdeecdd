/** Threads that share the media of all calls. */
export { MediaPool, type PoolOptions, type PoolStats } from './media-pool.ts';
