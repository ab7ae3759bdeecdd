/** Media threads, as the main thread sees them. */
export { MediaThread, ThreadGone } from './media-thread.ts';
export type { RequestName, Requests, ThreadOptions, ThreadStats } from './messages.ts';
export type { PacingStats } from './pacer.ts';
