/** The load generator: people in processes of their own, who join through the SDK and measure what they get. */
export { type RunData, runScenario } from './generator.ts';
export { LoadPeer, type LoadPeerOptions } from './load-peer.ts';
export { type ServerUnderTest, startLocalServer } from './local-server.ts';
export type { PeerReport, ProcessSample } from './messages.ts';
export { quantileBoundMs, type ServerSnapshot, stagesOfOneMs } from './server-probe.ts';
