import { EventEmitter } from 'node:events';
import { CanopyError, type Logger } from '../base/index.ts';
import type { BridgeSession, BridgeSource } from '../client/sdk/index.ts';
import type { RecordedTrack, RecordingEvent, RecordingManifest, RecordingMode } from '../contract/index.ts';
import { RecordingFolder } from './files/index.ts';
import { recordingLayout } from './layout.ts';
import { MediaSocket, type MediaUdp, type StreamCodec, TrackRecorder } from './media/index.ts';
import { RecordingClock } from './recording-clock.ts';
import { type Note, noteRoom } from './room-notes.ts';
import { SteadyClock } from './steady-clock.ts';

export interface RoomRecorderOptions {
  recordingId: string;
  roomId: string;
  mode: RecordingMode;
  /** Whether everyone is recorded at full size. Default: only the speaker and screens are. */
  full: boolean;
  /** Bitrate to receive at most, in bits per second. */
  maxBitrateBps: number;
  /** The recording's folder; made if it does not exist. One with an interrupted recording is continued. */
  folder: string;
  /** Unix time in milliseconds. */
  startedAtMs: number;
  /** Since when it is paused, in Unix time in milliseconds; null: it is not. */
  pausedAtMs: number | null;
  /** Shared by all recordings of this process. */
  udp: MediaUdp;
  join(roomId: string): Promise<BridgeSession>;
  log: Logger;
}

interface RoomRecorderEvents {
  /** The recording has ended by itself, and its files are closed: the room was lost, or the disk failed. */
  ended: [CanopyError];
}

const CODECS: Readonly<Record<string, StreamCodec>> = {
  'audio/opus': 'opus',
  'video/vp8': 'vp8',
  'video/vp9': 'vp9',
  'video/h264': 'h264',
};
/** Interval of the tracks' tick(), in milliseconds. */
const TICK_MS = 100;
/** Interval at which the list of tracks is written while it does not change, in milliseconds. */
const MANIFEST_MS = 10_000;
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** Delay before a stream that could not be written is tried again, in milliseconds; it doubles with each failure. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** A track that was written for this long, in milliseconds, starts that delay afresh. */
const LONG_TRACK_MS = 60_000;

interface Recorded {
  source: BridgeSource;
  displayName: string;
  track: TrackRecorder;
  startedMs: number;
  /** How often its stream could not be written in a row. */
  failures: number;
}

/**
 * Records one room: an ordinary peer that receives what a page would, and writes each stream to a file of its own. After a lost connection or
 * a re-homing it goes on in new files at the right place. It can be paused and closed at any time, also while it begins. Owns its session, its
 * socket and its files.
 */
export class RoomRecorder extends EventEmitter<RoomRecorderEvents> {
  readonly #options: RoomRecorderOptions;
  readonly #log: Logger;
  readonly #time = new SteadyClock();
  readonly #folder: RecordingFolder;
  readonly #recorded = new Map<string, Recorded>();
  /** Streams that could not be written, until they are tried again. */
  readonly #retries = new Map<string, NodeJS.Timeout>();
  /** Files that are closed, and those that an earlier process left. */
  #finished: RecordedTrack[] = [];
  readonly #closing = new Set<Promise<void>>();
  readonly #stopRepairs = new AbortController();
  #clock: RecordingClock;
  #pausedAtMs: number | null;
  #socket: MediaSocket | undefined;
  #session: BridgeSession | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Number of the last file. */
  #files = 0;
  #manifestMs = 0;
  #begun: Promise<void> | undefined;
  #closed: Promise<RecordingManifest> | undefined;

  constructor(options: RoomRecorderOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ roomId: options.roomId, recordingId: options.recordingId });
    this.#folder = new RecordingFolder(options.folder, this.#log);
    this.#clock = new RecordingClock(options.startedAtMs);
    this.#pausedAtMs = options.pausedAtMs;
  }

  /**
   * Enters the room and records from now on. Call it once. If it fails, the recorder is closed.
   *
   * @throws {CanopyError} RECORDING_DISK_FULL; RECORDING_UNKNOWN - it was closed meanwhile; and as joining does
   */
  async begin(): Promise<void> {
    this.#begun = this.#begin();
    try {
      await this.#begun;
    } catch (error) {
      await this.close();
      throw codedOf(error);
    }
  }

  /** Length so far without pauses, in milliseconds. */
  get durationMs(): number {
    return this.#clock.lengthAt(this.#time.now());
  }

  /** Size of all files so far, in bytes. */
  get bytes(): number {
    return this.#tracks().reduce((sum, { bytes }) => sum + bytes, this.#folder.eventBytes);
  }

  /**
   * Leaves out what happens from `pausedAtMs` on (Unix time in milliseconds), or with null, no longer. Resolves once that is written down, for
   * the next process. Idempotent; never rejects.
   */
  async setPaused(pausedAtMs: number | null): Promise<void> {
    this.#pausedAtMs = pausedAtMs;
    this.#applyPause();
    // Before that, there is no list.
    if (this.#socket) {
      await this.#save();
    }
  }

  /** Leaves the room and closes all files. Idempotent; never rejects. Returns what was recorded. */
  close(): Promise<RecordingManifest> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #begin(): Promise<void> {
    await this.#folder.make();
    const before = await this.#folder.readManifest();
    this.#finished = before?.tracks ?? [];
    this.#files = await this.#folder.highestNumber();
    this.#clock = new RecordingClock(before?.startedAtMs ?? this.#options.startedAtMs, before?.pauses);
    this.#applyPause();
    const socket = await MediaSocket.open(this.#options.udp, this.#time);
    this.#socket = socket;
    await this.#folder.save(() => this.#manifest(null));
    this.#demandOpen();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    await this.#enter(socket);
    this.#demandOpen();
    const repairing = this.#repairEarlier().finally(() => this.#closing.delete(repairing));
    this.#closing.add(repairing);
  }

  /** @throws {CanopyError} RECORDING_UNKNOWN - it was closed meanwhile */
  #demandOpen(): void {
    if (this.#closed) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
  }

  #applyPause(): void {
    if (this.#pausedAtMs !== null) {
      this.#clock.pause(this.#pausedAtMs);
    } else if (this.#clock.isPaused) {
      this.#clock.resume(Math.round(this.#time.now()));
      for (const { track } of this.#recorded.values()) {
        track.resumed();
      }
    }
  }

  /** Completes, beside the recording, the files that an earlier process left. */
  async #repairEarlier(): Promise<void> {
    for (const track of this.#finished.filter(({ isComplete }) => !isComplete)) {
      const { signal } = this.#stopRepairs;
      if (signal.aborted) {
        return;
      }
      const repaired = await this.#folder.repairTrack(track, signal);
      this.#finished = this.#finished.flatMap((each) => (each === track ? (repaired ?? []) : each));
      void this.#save();
    }
  }

  async #enter(socket: MediaSocket): Promise<void> {
    const session = await this.#options.join(this.#options.roomId);
    this.#session = session;
    this.#demandOpen();
    session.on('source', (source) => this.#start(source));
    session.on('source-ended', (source) => this.#end(source));
    session.on('speaker', () => this.#arrange());
    session.on('error', (error) => this.#log.warn({ err: error }, 'recording error'));
    session.on('state', (state, error) => {
      if (state === 'closed') {
        this.#fail(error ?? new CanopyError('ROOM_NOT_JOINED'));
      }
    });
    this.#arrange();
    noteRoom(session, (note) => this.#note(note));
    await socket.receive(session);
  }

  #start(source: BridgeSource, failures = 0): void {
    const codec = CODECS[source.mimeType];
    if (codec === undefined || this.#closed) {
      return;
    }
    const displayName = this.#session?.participants.get(source.participantId)?.displayName ?? '';
    this.#files += 1;
    const track = new TrackRecorder({
      codec,
      clockRate: source.clockRate,
      folder: this.#folder.path,
      name: `${String(this.#files).padStart(3, '0')}-${source.source}`,
      clock: this.#clock,
      requestKeyFrame: () => this.#requestKeyFrame(source),
      opening: () => this.#folder.save(() => this.#manifest(null)),
      failed: (error) => this.#trackFailed(source, error),
    });
    const startedMs = this.#time.now();
    this.#recorded.set(source.consumerId, { source, displayName, track, startedMs, failures });
    this.#socket?.route(source.ssrc, track);
    if (source.source === 'screen' && failures === 0) {
      this.#note({ kind: 'screen-started', participantId: source.participantId });
    }
    this.#arrange();
  }

  #requestKeyFrame({ producerId }: BridgeSource): void {
    const source = this.#session?.sources.find((each) => each.producerId === producerId);
    if (source?.paused === false) {
      this.#session?.requestKeyFrame(source).catch(() => {});
    }
  }

  /** A file could not be written. If that is not the disk's fault, the stream is bad: it begins again later, and the others go on. */
  #trackFailed(source: BridgeSource, error: unknown): void {
    if (isDiskError(error)) {
      this.#fail(error);
      return;
    }
    const { participantId, source: kind } = source;
    this.#log.warn({ err: error, participantId, source: kind }, 'a stream could not be recorded');
    const recorded = this.#recorded.get(source.consumerId);
    if (recorded === undefined) {
      // It has ended.
      return;
    }
    const lasted = this.#time.now() - recorded.startedMs > LONG_TRACK_MS;
    const failures = lasted ? 1 : recorded.failures + 1;
    this.#release(recorded);
    const delayMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (failures - 1));
    const timer = setTimeout(() => {
      this.#retries.delete(source.consumerId);
      this.#start(source, failures);
    }, delayMs);
    this.#retries.set(source.consumerId, timer);
  }

  #end(source: BridgeSource): void {
    const recorded = this.#recorded.get(source.consumerId);
    if (recorded) {
      this.#release(recorded);
    } else if (this.#retries.has(source.consumerId)) {
      clearTimeout(this.#retries.get(source.consumerId));
      this.#retries.delete(source.consumerId);
    } else {
      return;
    }
    if (source.source === 'screen') {
      this.#note({ kind: 'screen-ended', participantId: source.participantId });
    }
    this.#arrange();
  }

  /** Takes no more packets, and closes the file in the background. */
  #release(recorded: Recorded): void {
    this.#recorded.delete(recorded.source.consumerId);
    this.#socket?.unroute(recorded.source.ssrc);
    const closing = this.#finish(recorded).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async #finish(recorded: Recorded): Promise<void> {
    await recorded.track.close();
    const entry = entryOf(recorded);
    if (entry) {
      this.#finished.push(entry);
      void this.#save();
    }
  }

  /** Tells the server which pictures to send, and how large. */
  #arrange(): void {
    const { mode, full, maxBitrateBps } = this.#options;
    if (mode === 'video' && this.#session && this.#session.state !== 'closed') {
      const { sources, speaker } = this.#session;
      this.#session.setLayout(recordingLayout(sources, { speaker, full, maxBitrateBps }));
    }
  }

  #note(note: Note): void {
    const atMs = this.#clock.positionOf(this.#time.now());
    if (atMs !== undefined) {
      this.#folder.append({ atMs, ...note } as RecordingEvent);
    }
  }

  #tick(): void {
    const nowMs = this.#time.now();
    for (const { track } of this.#recorded.values()) {
      track.tick(nowMs);
    }
    if (nowMs - this.#manifestMs > MANIFEST_MS) {
      void this.#save();
    }
  }

  #tracks(): RecordedTrack[] {
    return [
      ...this.#finished,
      ...[...this.#recorded.values()].flatMap((recorded) => entryOf(recorded) ?? []),
    ];
  }

  #manifest(endedAtMs: number | null): RecordingManifest {
    const { recordingId, roomId, mode } = this.#options;
    return {
      version: 1,
      recordingId,
      roomId,
      mode,
      startedAtMs: this.#clock.startedAtMs,
      endedAtMs,
      durationMs: Math.round(this.#clock.lengthAt(endedAtMs ?? this.#time.now())),
      pauses: this.#clock.pauses,
      tracks: this.#tracks(),
      eventBytes: this.#folder.eventBytes,
    };
  }

  /** Writes the list. Never rejects. */
  async #save(): Promise<void> {
    this.#manifestMs = this.#time.now();
    try {
      await this.#folder.save(() => this.#manifest(null));
    } catch (error) {
      // The last list still stands; repair() finds the lengths in the files.
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) {
      return;
    }
    this.#log.error({ err: error }, 'recording ended early');
    void this.close().then(() => this.emit('ended', codedOf(error)));
  }

  async #close(): Promise<RecordingManifest> {
    const endedAtMs = Math.round(this.#time.now());
    clearInterval(this.#timer);
    for (const timer of this.#retries.values()) {
      clearTimeout(timer);
    }
    this.#stopRepairs.abort();
    for (const recorded of [...this.#recorded.values()]) {
      this.#release(recorded);
    }
    // It ends soon, if only because this is closed.
    await this.#begun?.catch(() => {});
    await this.#session?.leave();
    await Promise.all(this.#closing);
    this.#socket?.close();
    await this.#folder.settled();
    const manifest = this.#manifest(endedAtMs);
    await this.#folder
      .save(() => manifest)
      .catch((error: unknown) => {
        this.#log.warn({ err: error }, 'could not write the list of a recording’s tracks');
      });
    return manifest;
  }
}

function isDiskError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function codedOf(error: unknown): CanopyError {
  return NO_SPACE.has((error as NodeJS.ErrnoException).code ?? '')
    ? new CanopyError('RECORDING_DISK_FULL', undefined, { cause: error })
    : CanopyError.from(error);
}

function entryOf({ source, displayName, track }: Recorded): RecordedTrack | undefined {
  const { participantId, source: kind } = source;
  const { entry, isComplete } = track;
  return entry && { ...entry, participantId, displayName, source: kind, isComplete };
}
