/** Media of phone calls: RTP, jitter buffers, mixing, on media threads. */

export { openNetwork, type SendFailures } from '../../base/udp/index.ts';
export { Dtls, type DtlsIdentity, type DtlsKeys } from './dtls/index.ts';
export type { DtmfKey } from './dtmf/index.ts';
export { addCounts, type CipherCounts, NO_FRAMES } from './encryption/index.ts';
export { type HoldMusic, MIX_RATES_HZ } from './hold-music.ts';
export type { IceCandidate, IceParameters } from './ice/index.ts';
export type { LegEvent, LegMedia, LegStats, Prompt } from './leg-types.ts';
export type { PayloadTransform, PayloadTransformModule, RoomConnection, RoomStats } from './mixer/index.ts';
export { MediaPool, type PoolOptions, type PoolStats, type SavedLeg } from './pool/index.ts';
export type { PortRange } from './port-pair.ts';
export { type Endpoint, estimateMos } from './rtp/index.ts';
export { Srtp, type SrtpState } from './srtp/index.ts';
export {
  MediaThread,
  type PacingStats,
  type RequestName,
  type Requests,
  type ThreadOptions,
  type ThreadStats,
} from './thread/index.ts';
