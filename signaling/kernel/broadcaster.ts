import type { CanopyError } from '../../base/index.ts';

/** What to stream where. */
export interface BroadcastOptions {
  roomId: string;
  /** An RTMP server and a key there, or a folder for HLS. */
  output: { rtmp: string; key: string } | { hls: string };
}

/** What the broadcaster reports by itself. */
export interface BroadcasterEvents {
  /** The output was interrupted (false) and is tried again, or goes on (true). */
  flowing(roomId: string, isFlowing: boolean): void;
  /** It no longer streams the room, because of `error`. */
  ended(roomId: string, error: CanopyError): void;
}

/** Streams rooms to elsewhere, in processes of its own. */
export interface Broadcaster {
  listen(events: BroadcasterEvents): void;
  /** Resolves when the stream flows. @throws {CanopyError} LIVE_FAILED and others */
  start(options: BroadcastOptions): Promise<void>;
  /** From now on nothing of the room is streamed. Resolves when it has left the room; never rejects. */
  stop(roomId: string): Promise<void>;
}
