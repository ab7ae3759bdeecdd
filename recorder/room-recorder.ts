import { EventEmitter } from 'node:events';
import { CanopyError, type Logger } from '../base/index.ts';
import type { BridgeSession, BridgeSource } from '../client/sdk/index.ts';
import type { RecordedTrack, RecordingEvent, RecordingManifest, RecordingMode } from '../contract/index.ts';
import { RecordingFolder } from './files/index.ts';
import { recordingLayout } from './layout.ts';
import { MediaSocket, type StreamCodec, TrackRecorder } from './media/index.ts';
import { RecordingClock } from './recording-clock.ts';

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
  join(roomId: string): Promise<BridgeSession>;
  log: Logger;
}

interface RoomRecorderEvents {
  /** The recording has ended by itself, and its files are closed: the room was lost, or the disk is full. */
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

/** An event that has yet to get its position. */
type Note = RecordingEvent extends infer Event
  ? Event extends RecordingEvent
    ? Omit<Event, 'atMs'>
    : never
  : never;

interface Recorded {
  source: BridgeSource;
  displayName: string;
  track: TrackRecorder;
}

/**
 * Records one room: an ordinary peer that receives what a page would, and writes each stream to a file of its own. After a lost connection or
 * a re-homing it goes on in new files at the right place. Owns its session, its socket and its files.
 */
export class RoomRecorder extends EventEmitter<RoomRecorderEvents> {
  readonly #options: RoomRecorderOptions;
  readonly #log: Logger;
  readonly #folder: RecordingFolder;
  readonly #clock: RecordingClock;
  readonly #socket: MediaSocket;
  readonly #recorded = new Map<string, Recorded>();
  /** Files that are closed. */
  readonly #finished: RecordedTrack[];
  readonly #closing = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #session: BridgeSession | undefined;
  #files: number;
  #manifestMs = 0;
  #closed: Promise<RecordingManifest> | undefined;

  private constructor(
    options: RoomRecorderOptions,
    {
      folder,
      socket,
      before,
    }: { folder: RecordingFolder; socket: MediaSocket; before: RecordingManifest | undefined },
  ) {
    super();
    this.#options = options;
    this.#log = options.log.child({ roomId: options.roomId, recordingId: options.recordingId });
    this.#folder = folder;
    this.#socket = socket;
    this.#finished = before?.tracks ?? [];
    this.#files = this.#finished.length;
    this.#clock = new RecordingClock(before?.startedAtMs ?? options.startedAtMs, before?.pauses);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Enters the room and records from now on. @throws {CanopyError} RECORDING_FAILED, and as joining does */
  static async start(options: RoomRecorderOptions): Promise<RoomRecorder> {
    const folder = await RecordingFolder.open(options.folder);
    const before = await folder.repair();
    const socket = await MediaSocket.open({
      failed: (error) => options.log.warn({ err: error }, 'recording socket error'),
    });
    const recorder = new RoomRecorder(options, { folder, socket, before });
    try {
      recorder.#writeManifest();
      await recorder.#enter();
      return recorder;
    } catch (error) {
      await recorder.close();
      throw error;
    }
  }

  /** Length so far without pauses, in milliseconds. */
  get durationMs(): number {
    return this.#clock.lengthAt(Date.now());
  }

  /** Size of all files so far, in bytes. */
  get bytes(): number {
    return this.#tracks().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Stops writing until resume(). Idempotent. */
  pause(): void {
    this.#clock.pause(Date.now());
    this.#writeManifest();
  }

  resume(): void {
    if (!this.#clock.isPaused) {
      return;
    }
    this.#clock.resume(Date.now());
    for (const { track } of this.#recorded.values()) {
      track.resumed();
    }
    this.#writeManifest();
  }

  /** Leaves the room and closes all files. Idempotent; never rejects. Returns what was recorded. */
  close(): Promise<RecordingManifest> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #enter(): Promise<void> {
    const session = await this.#options.join(this.#options.roomId);
    this.#session = session;
    session.on('media', ({ recv }) => this.#socket.listenTo(recv));
    session.on('media-lost', () => this.#socket.listenTo(undefined));
    session.on('source', (source) => this.#start(source));
    session.on('source-ended', (source) => this.#end(source));
    session.on('speaker', (participantId) => {
      this.#note({ kind: 'speaker', participantId });
      this.#arrange();
    });
    session.on('participant-joined', ({ participantId, displayName }) =>
      this.#note({ kind: 'joined', participantId, displayName }),
    );
    session.on('participant-left', ({ participantId, displayName }) =>
      this.#note({ kind: 'left', participantId, displayName }),
    );
    session.on('error', (error) => this.#log.warn({ err: error }, 'recording error'));
    session.on('state', (state, error) => {
      if (state === 'closed') {
        this.#fail(error ?? new CanopyError('ROOM_NOT_JOINED'));
      }
    });
    this.#arrange();
    for (const { participantId, displayName } of session.participants.values()) {
      this.#note({ kind: 'joined', participantId, displayName });
    }
    const media = await session.open(this.#socket.address);
    this.#socket.listenTo(media.recv);
  }

  #start(source: BridgeSource): void {
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
      requestKeyFrame: () => void this.#session?.requestKeyFrame(source).catch(() => {}),
      opened: () => this.#writeManifest(),
      failed: (error) => this.#fail(error),
    });
    this.#recorded.set(source.consumerId, { source, displayName, track });
    this.#socket.route(source.ssrc, track);
    if (source.source === 'screen') {
      this.#note({ kind: 'screen-started', participantId: source.participantId });
    }
    this.#arrange();
  }

  #end(source: BridgeSource): void {
    const recorded = this.#recorded.get(source.consumerId);
    if (recorded === undefined) {
      return;
    }
    this.#recorded.delete(source.consumerId);
    this.#socket.unroute(source.ssrc);
    if (source.source === 'screen') {
      this.#note({ kind: 'screen-ended', participantId: source.participantId });
    }
    const closing = this.#finish(recorded).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    this.#arrange();
  }

  async #finish(recorded: Recorded): Promise<void> {
    await recorded.track.close();
    const entry = entryOf(recorded, true);
    if (entry) {
      this.#finished.push(entry);
      this.#writeManifest();
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
    const atMs = this.#clock.positionOf(Date.now());
    if (atMs !== undefined) {
      this.#folder.append({ atMs, ...note } as RecordingEvent);
    }
  }

  #tick(): void {
    const nowMs = Date.now();
    for (const { track } of this.#recorded.values()) {
      track.tick(nowMs);
    }
    if (nowMs - this.#manifestMs > MANIFEST_MS) {
      this.#writeManifest();
    }
  }

  #tracks(): RecordedTrack[] {
    return [
      ...this.#finished,
      ...[...this.#recorded.values()].flatMap((recorded) => entryOf(recorded, false) ?? []),
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
      durationMs: Math.round(this.#clock.lengthAt(endedAtMs ?? Date.now())),
      pauses: this.#clock.pauses,
      tracks: this.#tracks(),
    };
  }

  #writeManifest(endedAtMs: number | null = null): void {
    this.#manifestMs = Date.now();
    try {
      this.#folder.writeManifest(this.#manifest(endedAtMs));
    } catch (error) {
      // The last list still stands; repair() finds the lengths in the files.
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) {
      return;
    }
    const coded = NO_SPACE.has((error as NodeJS.ErrnoException).code ?? '')
      ? new CanopyError('RECORDING_DISK_FULL', undefined, { cause: error })
      : CanopyError.from(error);
    this.#log.error({ err: error }, 'recording ended early');
    void this.close().then(() => this.emit('ended', coded));
  }

  async #close(): Promise<RecordingManifest> {
    const endedAtMs = Date.now();
    clearInterval(this.#timer);
    await this.#session?.leave();
    for (const { source } of [...this.#recorded.values()]) {
      this.#end(source);
    }
    await Promise.all(this.#closing);
    this.#socket.close();
    await this.#folder.settled();
    this.#writeManifest(endedAtMs);
    return this.#manifest(endedAtMs);
  }
}

function entryOf({ source, displayName, track }: Recorded, isComplete: boolean): RecordedTrack | undefined {
  const { participantId, source: kind } = source;
  return track.entry && { ...track.entry, participantId, displayName, source: kind, isComplete };
}
