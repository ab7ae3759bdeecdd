import type { NetworkStats } from '../../../base/udp/index.ts';
import type { CodecCapabilities } from '../../codecs/index.ts';
import type { DtmfKey } from '../dtmf/index.ts';
import type { CipherCounts, RoomEpoch, RoomSource } from '../encryption/index.ts';
import type { HoldMusic } from '../hold-music.ts';
import type { LegEvent, LegMedia, LegStats, MediaSource, Prompt } from '../leg-types.ts';
import type { MediaLogLine } from '../media-log.ts';
import type { Announcement, Forwarding, RoomConnection, RoomStats } from '../mixer/index.ts';
import type { PortRange } from '../port-pair.ts';
import type { PacingStats } from './pacer.ts';

/** Requests of the main thread to a media thread, with their results. All plain data. */
export interface Requests {
  /** `numbers`: StreamNumbers of the stream to the phone, which continues if another thread had the leg before. */
  'leg.open': {
    args: { legId: string; ip: string; ports: PortRange; numbers?: SharedArrayBuffer };
    result: { port: number };
  };
  /** `source`: the phone's media source, if already known in another thread. */
  'leg.start': { args: { legId: string; media: LegMedia; source?: MediaSource }; result: null };
  /**
   * Connects a leg to a room, or changes what it sends there. `numbers`: StreamNumbers of the stream to the room, which continues if another
   * thread had the leg before. `forwarding`: the phone's packets are forwarded as they are.
   */
  'leg.join': {
    args: {
      legId: string;
      roomId: string;
      ssrc: number;
      numbers?: SharedArrayBuffer;
      forwarding?: Forwarding;
    };
    result: null;
  };
  'leg.leave': { args: { legId: string }; result: null };
  'leg.mute': { args: { legId: string; toRoom?: boolean; toPhone?: boolean }; result: null };
  /** Hold music plays while the phone waits. */
  'leg.wait': { args: { legId: string; on: boolean }; result: null };
  /** Records what the phone says, for at most this time; 0 ends a recording. The event `recorded` follows. */
  'leg.record': { args: { legId: string; maxMs: number }; result: null };
  'leg.play': { args: { legId: string; prompt: Prompt }; result: null };
  'leg.stop': { args: { legId: string; promptId?: string }; result: null };
  'leg.press': { args: { legId: string; keys: DtmfKey[] }; result: boolean };
  'leg.stats': { args: { legId: string }; result: LegStats | null };
  /** Closes the leg without an RTCP BYE, so that another thread can open it. */
  'leg.release': { args: { legId: string }; result: null };
  'leg.close': { args: { legId: string }; result: LegStats | null };
  'room.open': { args: { roomId: string; ip: string; port: number }; result: { port: number } };
  'room.connect': { args: { roomId: string; connection: RoomConnection }; result: null };
  /** The keys of an encrypted room: those of its latest epochs, oldest first. None: all are forgotten. */
  'room.keys': { args: { roomId: string; epochs: readonly RoomEpoch[] }; result: null };
  /** All that the room sends, and who may send it, where it is encrypted. */
  'room.sources': { args: { roomId: string; sources: readonly RoomSource[] }; result: null };
  /** Plays sounds to all phones of the room, one after the other. */
  'room.announce': { args: { roomId: string; sounds: readonly Announcement[] }; result: null };
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
  /** What has happened to frames of encrypted rooms since the start. */
  encryption: CipherCounts;
  /** CPU time of the media thread and its native threads since the start, in seconds. */
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
  /** File of the codec add-on. Default: the output of its build. */
  codecsPath?: string;
  /** File of the UDP add-on. Default: the output of its build. */
  udpPath?: string;
  /** File of the SRTP add-on. Default: the output of its build. */
  srtpPath?: string;
  /** File of the DTLS add-on. Default: the output of its build. */
  dtlsPath?: string;
  /** `portable` does without the add-ons. Default `native`. */
  prefer?: 'native' | 'portable';
  /** What waiting phones hear. Default: silence. */
  holdMusic?: HoldMusic;
  /** Minimum pino level. Default: nothing is logged. */
  logLevel?: string;
}
