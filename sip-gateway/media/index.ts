/** The face of the phones' media. */
export { DTMF_KEYS, type DtmfKey, isDtmfKey } from './dtmf/events.ts';
export type { LegEvent, LegMedia, LegStats, Prompt } from './leg-types.ts';
export type { RoomConnection, RoomStats } from './mixer/room-types.ts';
export { estimateMos } from './rtp/mos.ts';
export type { Endpoint } from './rtp/source-lock.ts';
export { MediaThread } from './thread/media-thread.ts';
export type { RequestName, Requests, ThreadOptions, ThreadStats } from './thread/messages.ts';
export type { PacingStats } from './thread/pacer.ts';
export type { PortRange } from './udp.ts';
