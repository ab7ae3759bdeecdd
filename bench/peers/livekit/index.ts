/** LiveKit among the systems that are compared. */
export { LiveKitClient } from './client.ts';
export { startLiveKit } from './server.ts';
