/** Janus among the systems that are compared. */
export { JanusClient } from './client.ts';
export { startJanus } from './server.ts';
