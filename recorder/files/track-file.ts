import { type FileHandle, open } from 'node:fs/promises';
import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  MkvOutputFormat,
  Output,
  StreamTarget,
  WebMOutputFormat,
} from 'mediabunny';
import type { TrackFormat } from './track-format.ts';

/** One packet of a track: a frame of video, or an Opus packet. */
export interface TrackPacket {
  data: Uint8Array;
  key: boolean;
  /** From the start of the file, in milliseconds. */
  atMs: number;
  durationMs: number;
}

/** How often what has been written is sent to the disk, in milliseconds: a power cut loses no more. */
const SYNC_MS = 1000;

/**
 * A Matroska file with one track. Packets reach the file as they come, so that after a crash it holds everything but the last moment; only the
 * index is missing then, which repairTrack() adds.
 */
export class TrackFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #output: Output;
  readonly #source: EncodedVideoPacketSource | EncodedAudioPacketSource;
  readonly #format: TrackFormat;
  #isFirst = true;
  #bytes = 0;
  #syncedMs = performance.now();
  #dirty = false;
  #lastAtMs = -1;
  #closed: Promise<void> | undefined;

  private constructor(path: string, handle: FileHandle, format: TrackFormat) {
    this.path = path;
    this.#handle = handle;
    this.#format = format;
    this.#output = new Output({
      format: format.container === 'webm' ? new WebMOutputFormat() : new MkvOutputFormat(),
      target: new StreamTarget(
        new WritableStream({
          write: async ({ data, position }) => {
            await writeAll(handle, data, position);
            this.#bytes = Math.max(this.#bytes, position + data.length);
            this.#dirty = true;
          },
        }),
      ),
    });
    if (format.kind === 'video') {
      const source = new EncodedVideoPacketSource(format.codec);
      this.#output.addVideoTrack(source);
      this.#source = source;
    } else {
      const source = new EncodedAudioPacketSource('opus');
      this.#output.addAudioTrack(source);
      this.#source = source;
    }
  }

  /** Creates the file; there must be none. @throws Error with an errno code, such as ENOSPC */
  static async create(path: string, format: TrackFormat): Promise<TrackFile> {
    const handle = await open(path, 'wx', 0o600);
    const file = new TrackFile(path, handle, format);
    try {
      await file.#output.start();
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Size so far, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the last packet begins, from the start of the file, in milliseconds; -1: there is none. */
  get lastAtMs(): number {
    return this.#lastAtMs;
  }

  /** Appends a packet; times must grow. @throws Error with an errno code */
  async add({ data, key, atMs, durationMs }: TrackPacket): Promise<void> {
    const packet = new EncodedPacket(data, key ? 'key' : 'delta', atMs / 1000, durationMs / 1000);
    const meta = this.#isFirst ? { decoderConfig: this.#format.decoderConfig } : undefined;
    this.#isFirst = false;
    this.#lastAtMs = atMs;
    await this.#source.add(packet, meta as never);
    const nowMs = performance.now();
    if (this.#dirty && nowMs - this.#syncedMs > SYNC_MS) {
      this.#syncedMs = nowMs;
      this.#dirty = false;
      await this.#handle.datasync();
    }
  }

  /** Writes the index and closes. If the disk is full, the file stays as it is, to be repaired. Idempotent. @throws Error with an errno code */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      if (!this.#isFirst) {
        await this.#output.finalize();
        await this.#handle.sync();
      }
    } finally {
      await this.#handle.close();
    }
  }
}

/** Writes all of it: a write may be cut short when the disk is nearly full. */
async function writeAll(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < data.length) {
    const { bytesWritten } = await handle.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}
