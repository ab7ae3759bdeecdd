/** A thread that media runs on, seen from the main one. */
export { MediaThread, ThreadGone } from './media-thread.ts';
export type { RequestName, Requests, ThreadOptions, ThreadStats } from './messages.ts';
export type { PacingStats } from './pacer.ts';
