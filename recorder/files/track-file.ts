import { type FileHandle, open } from 'node:fs/promises';
import { MatroskaWriter, type TrackPacket } from './matroska-writer.ts';
import type { TrackFormat } from './track-format.ts';

/** How long a packet waits at most before it is due to be written, in milliseconds: a crash loses no more. */
const WRITE_MS = 600;
/** So much is written at once, in bytes. */
const WRITE_BYTES = 48 * 1024;
/** How often what has been written is sent to the disk, in milliseconds: a power cut loses no more. */
const SYNC_MS = 1000;

/**
 * A Matroska file with one track. Packets reach it in groups, since each write costs several times as much as a packet. After a crash it holds
 * everything but the last moment; only the index is missing then, which repairTrack() adds.
 */
export class TrackFile {
  readonly #path: string;
  readonly #writer: MatroskaWriter;
  #handle: FileHandle | undefined;
  /** When the first packet that waits was added, by performance.now(). */
  #waitingSinceMs = 0;
  #syncedMs = performance.now();
  /** Something was written since then. */
  #isDirty = false;
  /** Why the file could not be written: it stays as it is. */
  #error: unknown;
  #closed: Promise<void> | undefined;

  /** Packets can be added at once; open() creates the file. */
  constructor(path: string, format: TrackFormat) {
    this.#path = path;
    this.#writer = new MatroskaWriter(format);
  }

  /** Size so far, in bytes. */
  get bytes(): number {
    return this.#writer.bytes;
  }

  /** What has yet to be written, in bytes. */
  get waitingBytes(): number {
    return this.#writer.waitingBytes;
  }

  /** Whether flushIfDue() has something to do. */
  get isDue(): boolean {
    const { waitingBytes } = this.#writer;
    const nowMs = performance.now();
    return (
      waitingBytes > WRITE_BYTES ||
      (waitingBytes > 0 && nowMs - this.#waitingSinceMs > WRITE_MS) ||
      (this.#isDirty && nowMs - this.#syncedMs > SYNC_MS)
    );
  }

  /** Creates the file with what was added so far; there must be none. @throws Error with an errno code, such as ENOSPC */
  async open(): Promise<void> {
    this.#handle = await open(this.#path, 'wx', 0o600);
    await this.#write(this.#writer.head, 0);
    await this.#flush();
  }

  /** Adds a packet; times must not go back. */
  add(packet: TrackPacket): void {
    if (this.#writer.waitingBytes === 0) {
      this.#waitingSinceMs = performance.now();
    }
    this.#writer.add(packet);
  }

  /** Writes and syncs what is due, after open(). Call it several times per second, also when nothing is added, but not twice at once. @throws Error with an errno code */
  async flushIfDue(): Promise<void> {
    if (!this.isDue) {
      return;
    }
    await this.#flush();
    const nowMs = performance.now();
    if (nowMs - this.#syncedMs > SYNC_MS) {
      this.#syncedMs = nowMs;
      this.#isDirty = false;
      await this.#handle?.datasync();
    }
  }

  /** Writes the rest and the index, and closes. If the disk is full, the file stays as it is, to be repaired. Idempotent. @throws Error with an errno code */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#flush();
      for (const { bytes, position } of this.#writer.finish()) {
        await this.#write(bytes, position);
      }
      await this.#handle?.sync();
    } finally {
      await this.#handle?.close();
    }
  }

  async #flush(): Promise<void> {
    const piece = this.#writer.take();
    if (piece) {
      await this.#write(piece.bytes, piece.position);
      this.#writer.release(piece);
      this.#isDirty = true;
    }
  }

  /** Writes all of it: a write may be cut short when the disk is nearly full. Nothing is written after a failure. */
  async #write(bytes: Buffer, position: number): Promise<void> {
    if (this.#error !== undefined || this.#handle === undefined) {
      throw this.#error ?? new Error('the file is not open');
    }
    try {
      for (let done = 0; done < bytes.length; ) {
        done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }
}
