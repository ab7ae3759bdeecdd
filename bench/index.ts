/** The load generator and its reports, as `canopy bench` and tests run them. */
export { type BenchOptions, bench } from './bench.ts';
export {
  benchCapacity,
  CAPACITY,
  type CapacityKind,
  type CapacityOptions,
  costTable,
  MACHINES,
  machineTable,
  type Sizing,
  withClose,
} from './capacity/index.ts';
export { type ClipName, loadClip } from './clips/index.ts';
export { benchEncryptedJoins, ENCRYPTED_JOINS } from './encrypted-joins/index.ts';
export {
  benchForwarding,
  FORWARDING,
  type ForwardingOptions,
  type ForwardingRun,
  processTime,
} from './forwarding/index.ts';
export {
  LoadPeer,
  type LoadPeerOptions,
  type RunData,
  runScenario,
  startLocalServer,
  VoicePeer,
} from './generator/index.ts';
export { GoBuildFailed, goProgram } from './go-program.ts';
export { benchK6, K6_SCENARIOS, type K6Scenario } from './k6/index.ts';
export { benchOnsets, ONSETS } from './onsets/index.ts';
export {
  benchPage,
  ChromiumUnavailable,
  cpuSecondsOf,
  FIRST_LOAD_BYTES,
  firstLoad,
  PAGE,
} from './page/index.ts';
export {
  benchPeers,
  PEERS,
  type PeersOptions,
  srtpProfileName,
  srtpProfileOf,
} from './peers/index.ts';
export {
  type LinkProfile,
  type Schedule,
  TcpRelay,
  UdpRelay,
  type UdpRelayOptions,
} from './relay/index.ts';
export {
  type FiguresRun,
  printSummary,
  type Summary,
  summarize,
  writeFiguresReport,
} from './report/index.ts';
export { SCENARIOS, type Scenario } from './scenarios/index.ts';
export { type ServerGroup, SystemUnavailable } from './server-group/index.ts';
export { benchTrips, JOIN_TRIPS } from './trips/index.ts';
