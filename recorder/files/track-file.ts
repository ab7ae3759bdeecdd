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
  readonly #handle: FileHandle;
  readonly #output: Output;
  readonly #source: EncodedVideoPacketSource | EncodedAudioPacketSource;
  readonly #format: TrackFormat;
  #isFirst = true;
  #bytes = 0;
  #syncedMs = performance.now();
  #dirty = false;
  /** Why the file could not be written; the muxer may report something else. */
  #diskError: unknown;
  #closed: Promise<void> | undefined;

  private constructor(handle: FileHandle, format: TrackFormat) {
    this.#handle = handle;
    this.#format = format;
    this.#output = new Output({
      format: format.container === 'webm' ? new WebMOutputFormat() : new MkvOutputFormat(),
      target: new StreamTarget(
        new WritableStream({
          write: async ({ data, position }) => {
            try {
              await writeAll(handle, withUnknownSizes(data, position), position);
            } catch (error) {
              this.#diskError ??= error;
              throw error;
            }
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
    const file = new TrackFile(handle, format);
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

  /** Appends a packet; times must grow. @throws Error with an errno code: the disk failed; without: the muxer cannot use the packet */
  async add({ data, key, atMs, durationMs }: TrackPacket): Promise<void> {
    const packet = new EncodedPacket(data, key ? 'key' : 'delta', atMs / 1000, durationMs / 1000);
    const meta = this.#isFirst ? { decoderConfig: this.#format.decoderConfig } : undefined;
    try {
      await this.#source.add(packet, meta as never);
    } catch (error) {
      throw this.#diskError ?? error;
    }
    this.#isFirst = false;
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
    } catch (error) {
      throw this.#diskError ?? error;
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

/** Ids of the elements whose size is known only once they are complete, with the first byte of their size (RFC 8794 §6, RFC 9559 §5). */
const SEGMENT = Buffer.from('1853806704', 'hex');
const CLUSTER = Buffer.from('1f43b67508', 'hex');
/** Length of the size, in bytes. */
const SEGMENT_SIZE = 6;
const CLUSTER_SIZE = 5;
/** The segment begins within so many bytes of the file. */
const HEAD_BYTES = 64;
/** The element that every cluster begins with. */
const TIMESTAMP = 0xe7;

/**
 * Until the muxer knows the size of an element it writes that of what is in it so far, so a file that is never finished would seem to end
 * there. This writes “unknown” (RFC 8794 §6.2); the muxer overwrites that in the end.
 */
function withUnknownSizes(data: Uint8Array, position: number): Uint8Array {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  // Only the first write has the segment's head, right after the file's.
  const segment = position < HEAD_BYTES ? bytes.indexOf(SEGMENT) : -1;
  if (segment >= 0 && segment < HEAD_BYTES) {
    setUnknown(bytes, segment + SEGMENT.length - 1, SEGMENT_SIZE);
  }
  for (let at = bytes.indexOf(CLUSTER); at >= 0; at = bytes.indexOf(CLUSTER, at + 1)) {
    const size = at + CLUSTER.length - 1;
    if (bytes[size + CLUSTER_SIZE] === TIMESTAMP && bytes.readUInt16BE(size + 1) === 0) {
      setUnknown(bytes, size, CLUSTER_SIZE);
    }
  }
  return bytes;
}

function setUnknown(bytes: Buffer, at: number, length: number): void {
  const marker = bytes[at] as number;
  bytes[at] = marker | (marker - 1);
  bytes.fill(0xff, at + 1, at + length);
}
