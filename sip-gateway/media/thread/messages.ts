import type { CodecCapabilities } from '../../codecs/index.ts';
import type { DtmfKey } from '../dtmf/index.ts';
import type { LegEvent, LegMedia, LegStats, Prompt } from '../leg-types.ts';
import type { MediaLogLine } from '../media-log.ts';
import type { RoomConnection, RoomStats } from '../mixer/index.ts';
import type { NetworkStats, PortRange } from '../network/index.ts';
import type { Endpoint } from '../rtp/index.ts';
import type { PacingStats } from './pacer.ts';

/** What the main thread asks of the media thread, and what each is answered with. All plain data. */
export interface Requests {
  /** `numbers`: memory for those of its stream to the phone, which go on if another thread had it before. */
  'leg.open': {
    args: { legId: string; ip: string; ports: PortRange; numbers?: SharedArrayBuffer };
    result: { port: number };
  };
  /** `source`: where the phone was heard from while another thread had the leg. */
  'leg.start': { args: { legId: string; media: LegMedia; source?: Endpoint }; result: null };
  /** `numbers`: memory for those of its stream into the room, which go on if another thread had it before. */
  'leg.join': {
    args: { legId: string; roomId: string; ssrc: number; numbers?: SharedArrayBuffer };
    result: null;
  };
  'leg.leave': { args: { legId: string }; result: null };
  'leg.mute': { args: { legId: string; toRoom?: boolean; toPhone?: boolean }; result: null };
  'leg.play': { args: { legId: string; prompt: Prompt }; result: null };
  'leg.stop': { args: { legId: string; promptId?: string }; result: null };
  'leg.press': { args: { legId: string; keys: DtmfKey[] }; result: boolean };
  'leg.stats': { args: { legId: string }; result: LegStats | null };
  /** Closes the leg here without a word to the phone, so that another thread can open it. */
  'leg.release': { args: { legId: string }; result: null };
  'leg.close': { args: { legId: string }; result: LegStats | null };
  'room.open': { args: { roomId: string; ip: string; port: number }; result: { port: number } };
  'room.connect': { args: { roomId: string; connection: RoomConnection }; result: null };
  'room.stats': { args: { roomId: string }; result: RoomStats };
  'room.close': { args: { roomId: string }; result: null };
  'thread.stats': { args: Record<string, never>; result: ThreadStats };
}

export type RequestName = keyof Requests;

export interface ThreadStats {
  legs: number;
  rooms: number;
  pacing: PacingStats;
  network: NetworkStats;
  /** CPU time of the media thread since its start, with what its network has, in seconds. */
  cpuSeconds: number;
}

export type ToThread = {
  [K in RequestName]: { id: number; name: K; args: Requests[K]['args'] };
}[RequestName];

export type FromThread =
  | { type: 'ready'; capabilities: CodecCapabilities }
  | { type: 'answer'; id: number; result: unknown }
  | { type: 'failure'; id: number; message: string }
  | { type: 'log'; line: MediaLogLine }
  | { type: 'event'; legId: string; event: LegEvent };

export interface ThreadOptions {
  /** The built codec add-on. Default: where its build puts it. */
  codecsPath?: string;
  /** The built add-on for UDP. Default: where its build puts it. */
  udpPath?: string;
  /** `portable` leaves both add-ons out. Default `native`. */
  prefer?: 'native' | 'portable';
  /** Minimum level that it logs, as pino names it. Default: it logs nothing. */
  logLevel?: string;
}
