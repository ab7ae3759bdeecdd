/** The load generator: peers in separate processes that join through the SDK and measure what they receive. */
export { freePort } from './free-port.ts';
export { type RunData, runScenario } from './generator.ts';
export { makeInvitation } from './invitations.ts';
export { clipsOf, LoadPeer, type LoadPeerOptions } from './load-peer.ts';
export { LoadPeerProcess } from './load-peer-process.ts';
export { type ServerUnderTest, startLocalServer } from './local-server.ts';
export { type CpuTimes, machineCpu } from './machine-cpu.ts';
export type { PeerPlan, PeerReport, ProcessSample } from './messages.ts';
export { probeServer, quantileBoundMs, type ServerSnapshot, stagesOfOneMs } from './server-probe.ts';
export { VoicePeer } from './voice-peer.ts';
