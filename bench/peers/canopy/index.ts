/** Canopy among the systems that are compared. */
export { CanopyClient } from './client.ts';
export { startCanopy } from './server.ts';
