import { join } from 'node:path';
import {
  OPUS_CLOCK_RATE,
  opusDurationTicks,
  ReorderBuffer,
  type RtpPacket,
  type VideoCodec,
} from '../../base/rtp/index.ts';
import type { RecordedTrack } from '../../contract/index.ts';
import {
  audioFormat,
  storedFrame,
  TrackFile,
  type TrackFormat,
  type TrackPacket,
  videoFormat,
} from '../files/index.ts';
import type { RecordingClock } from '../recording-clock.ts';
import { AudioTimeline } from './audio-timeline.ts';
import { CaptureClock } from './capture-clock.ts';
import { HighestLayer } from './highest-layer.ts';
import type { SenderReport } from './sender-report.ts';
import { type ArrivedPacket, type TimedFrame, VideoReader } from './video-reader.ts';

/** What one stream carries. */
export type StreamCodec = RecordedTrack['codec'];

/** What a track's file is and holds. */
export type TrackEntry = Pick<RecordedTrack, 'file' | 'codec' | 'offsetMs' | 'durationMs' | 'bytes'>;

export interface TrackRecorderOptions {
  codec: StreamCodec;
  clockRate: number;
  folder: string;
  /** Name of the file without its extension. */
  name: string;
  clock: RecordingClock;
  /** Asks the sender for a key frame. */
  requestKeyFrame(): void;
  /** The file is about to be created. It is once this resolves. */
  opening(): Promise<void>;
  /** The file could not be written; nothing more is recorded. Errors of the disk have an errno code. */
  failed(error: unknown): void;
}

/** How long a missing packet is waited for, in milliseconds: a retransmission takes about a round trip to the sender. */
const REORDER_MS = 500;
/** How long the first packets wait for a sender report, in milliseconds. */
const REPORT_MS = 1500;
/** Interval of key frames, in milliseconds: players seek to them. */
const KEY_FRAME_MS = 10_000;
/** Interval of requests for a key frame without which nothing can be recorded, in milliseconds. */
const KEY_RETRY_MS = 1000;
/** A stream without packets for this long, in milliseconds, is silent. */
const SILENT_MS = 1000;
/** The same interval for a silent stream: it may be paused, or wait for a key frame whose request was lost. */
const SILENT_RETRY_MS = 5000;
/** What may wait to be written, in bytes. If the disk is slower, packets are dropped. */
const WAITING_BYTES = 32 * 1024 * 1024;
/** Length of a frame whose successor is not known, in milliseconds. */
const FRAME_MS = 33;

/** Records one stream from the packets that arrive into a file of its own. */
export class TrackRecorder {
  readonly #options: TrackRecorderOptions;
  readonly #buffer = new ReorderBuffer<ArrivedPacket>(REORDER_MS);
  readonly #capture: CaptureClock;
  readonly #video: VideoReader | undefined;
  /** Undefined: the codec has no layers within a picture. */
  readonly #layers: HighestLayer | undefined;
  readonly #timeline = new AudioTimeline();
  /** Frames from before the first sender report. */
  #early: TimedFrame[] | undefined = [];
  #file: TrackFile | undefined;
  /** Where the file begins; undefined: it has not been begun. */
  #offsetMs: number | undefined;
  #endMs = 0;
  #arrivedMs = 0;
  #keyAtMs = 0;
  #keyAskedMs = 0;
  /** Opening, writing and closing the file, in order. The first failure is reported. */
  #writing: Promise<void> = Promise.resolve();
  #isFlushing = false;
  #hasFailed = false;
  #isClosed = false;
  #isFinished = false;

  constructor(options: TrackRecorderOptions) {
    this.#options = options;
    this.#capture = new CaptureClock(options.clockRate);
    this.#video = options.codec === 'opus' ? undefined : new VideoReader(options.codec);
    this.#layers = options.codec === 'vp9' ? new HighestLayer() : undefined;
  }

  /** The file as it is now; undefined before the first frame. */
  get entry(): TrackEntry | undefined {
    if (this.#offsetMs === undefined) {
      return undefined;
    }
    return {
      file: this.#fileName,
      codec: this.#options.codec,
      offsetMs: Math.round(this.#offsetMs),
      durationMs: Math.max(0, Math.round(this.#endMs - this.#offsetMs)),
      bytes: this.#file?.bytes ?? 0,
    };
  }

  /** Whether the file is closed with all that was to be in it, and its index. */
  get isComplete(): boolean {
    return this.#isFinished;
  }

  /** @param arrivedMs Unix time in milliseconds */
  packet(rtp: RtpPacket<Buffer>, arrivedMs: number): void {
    this.#arrivedMs = arrivedMs;
    this.#buffer.add({ rtp, arrivedMs }, rtp.sequenceNumber, arrivedMs);
    this.#take(arrivedMs);
  }

  report(report: SenderReport): void {
    this.#capture.report(report);
    this.#releaseEarly();
  }

  /** Does what is due; call it several times per second. @param nowMs Unix time in milliseconds */
  tick(nowMs: number): void {
    this.#take(nowMs);
    this.#flush();
    const [first] = this.#early ?? [];
    if (first && nowMs - first.arrivedMs > REPORT_MS) {
      this.#releaseEarly();
    }
    if (this.#video && !this.#options.clock.isPaused) {
      this.#requestKeyFrame(nowMs, this.#video.needsKey);
    }
  }

  /** The recording went on after a pause: pictures continue with a key frame. */
  resumed(): void {
    this.#video?.restart();
  }

  /** Writes the rest and closes the file. Idempotent; never rejects. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      for (const each of this.#buffer.drain()) {
        this.#read(each);
      }
      this.#releaseEarly();
      this.#enqueue(async () => {
        await this.#file?.close();
        this.#isFinished = this.#file !== undefined;
      });
    }
    await this.#writing;
  }

  #requestKeyFrame(nowMs: number, isNeeded: boolean): void {
    this.#keyAskedMs ||= nowMs;
    const isSilent = nowMs - this.#arrivedMs >= SILENT_MS;
    const isDue = isNeeded || isSilent || nowMs - this.#keyAtMs > KEY_FRAME_MS;
    if (isDue && nowMs - this.#keyAskedMs > (isSilent ? SILENT_RETRY_MS : KEY_RETRY_MS)) {
      this.#keyAskedMs = nowMs;
      this.#options.requestKeyFrame();
    }
  }

  #take(nowMs: number): void {
    for (let each = this.#buffer.next(nowMs); each; each = this.#buffer.next(nowMs)) {
      this.#read(each);
    }
  }

  #read(each: Parameters<VideoReader['add']>[0]): void {
    const { rtp, arrivedMs } = each.packet;
    if (this.#keyAtMs === 0) {
      this.#keyAtMs = this.#keyAskedMs = arrivedMs;
    }
    const frame = this.#video
      ? this.#video.add(each)
      : { key: true, data: rtp.payload, timestamp: rtp.timestamp, arrivedMs };
    if (!frame || frame.data.length === 0) {
      return;
    }
    if (this.#early) {
      this.#early.push(frame);
      if (this.#capture.isReported) {
        this.#releaseEarly();
      }
    } else {
      this.#place(frame);
    }
  }

  #releaseEarly(): void {
    const early = this.#early;
    if (early === undefined || (early.length === 0 && !this.#capture.isReported && !this.#isClosed)) {
      return;
    }
    this.#early = undefined;
    for (const frame of early) {
      this.#place(frame);
    }
  }

  #place(frame: TimedFrame): void {
    if (frame.key) {
      this.#keyAtMs = frame.arrivedMs;
    }
    const positionMs = this.#options.clock.positionOf(
      this.#capture.captureMs(frame.timestamp, frame.arrivedMs),
    );
    if (positionMs === undefined || (this.#file?.waitingBytes ?? 0) > WAITING_BYTES) {
      // Before the start, or in a pause, or the disk is too slow. Pictures go on with a key frame, sound with silence in between.
      this.#video?.restart();
      return;
    }
    if (this.#video) {
      this.#placeVideo(frame, positionMs);
    } else {
      this.#placeAudio(frame, positionMs);
    }
  }

  #placeVideo(frame: TimedFrame, positionMs: number): void {
    const atMs = Math.max(positionMs, this.#endMs);
    this.#endMs = atMs + 1;
    const data = this.#layers?.only(frame.data) ?? frame.data;
    this.#write(frame, [
      {
        data: storedFrame(this.#options.codec as VideoCodec, data),
        key: frame.key,
        atMs,
        durationMs: FRAME_MS,
      },
    ]);
  }

  #placeAudio(frame: TimedFrame, positionMs: number): void {
    let durationMs: number;
    try {
      durationMs = (opusDurationTicks(frame.data) * 1000) / OPUS_CLOCK_RATE;
    } catch {
      return;
    }
    const placed = this.#timeline.place(positionMs, { durationMs, bytes: frame.data.length });
    if (placed === undefined) {
      return;
    }
    this.#endMs = this.#timeline.endMs;
    this.#write(frame, [
      ...[...placed.fill].map((silent) => ({ ...silent, key: true })),
      { data: frame.data, key: true, atMs: placed.atMs, durationMs },
    ]);
  }

  /** Adds packets, whose times are positions in the recording, to the file. The first frame begins it. */
  #write(frame: TimedFrame, packets: readonly TrackPacket[]): void {
    if (this.#hasFailed) {
      return;
    }
    const file = this.#file ?? this.#begin(frame, packets[0]?.atMs ?? 0);
    const fileMs = this.#offsetMs ?? 0;
    for (const { data, key, atMs, durationMs } of packets) {
      file?.add({ data, key, atMs: atMs - fileMs, durationMs });
    }
    this.#flush();
  }

  #begin(frame: TimedFrame, offsetMs: number): TrackFile | undefined {
    const format = frame.key ? this.#format(frame) : undefined;
    if (format === undefined) {
      // Nothing tells players what this is: another key frame is needed.
      this.#video?.restart();
      return undefined;
    }
    this.#offsetMs = offsetMs;
    const file = new TrackFile(join(this.#options.folder, this.#fileName), format);
    this.#file = file;
    this.#enqueue(async () => {
      // The list first: after a crash, there is no file without an entry.
      await this.#options.opening();
      await file.open();
    });
    return file;
  }

  #flush(): void {
    const file = this.#file;
    if (file?.isDue && !this.#isFlushing && !this.#hasFailed && !this.#isClosed) {
      this.#isFlushing = true;
      this.#enqueue(async () => {
        await file.flushIfDue();
        this.#isFlushing = false;
      });
    }
  }

  #format(frame: TimedFrame): TrackFormat | undefined {
    const { codec } = this.#options;
    return codec === 'opus' ? audioFormat() : videoFormat(codec, frame);
  }

  get #fileName(): string {
    const { codec, name } = this.#options;
    return `${name}.${codec === 'h264' ? 'mkv' : 'webm'}`;
  }

  #enqueue(work: () => Promise<unknown>): void {
    this.#writing = this.#writing
      .then(work)
      .then(() => {})
      .catch((error: unknown) => {
        if (!this.#hasFailed) {
          this.#hasFailed = true;
          this.#options.failed(error);
        }
      });
  }
}
