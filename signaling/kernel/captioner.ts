import type { CanopyError } from '../../base/index.ts';

/** What to listen to. */
export interface ListenOptions {
  roomId: string;
  /** Language that is spoken (BCP 47). */
  language: string;
}

/** What somebody said. Each text replaces the one before it by the same participant until one is final. */
export interface Spoken {
  participantId: string;
  text: string;
  isFinal: boolean;
}

/** What the captioner reports by itself. */
export interface CaptionerEvents {
  spoken(roomId: string, spoken: Spoken): void;
  /** The transcription service does not answer; it is tried again. */
  failed(roomId: string): void;
  /** It no longer listens to the room, because of `error`. */
  ended(roomId: string, error: CanopyError): void;
}

/** Has the voices of rooms transcribed, in a process of its own. */
export interface Captioner {
  listen(events: CaptionerEvents): void;
  /** Resolves when it listens. @throws {CanopyError} CAPTIONS_UNAVAILABLE and others */
  start(options: ListenOptions): Promise<void>;
  /** From now on no voice of the room leaves the server. Resolves when it has left the room; never rejects. */
  stop(roomId: string): Promise<void>;
}
