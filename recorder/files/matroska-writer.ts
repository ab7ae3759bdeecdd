import { element, float, idOf, longInteger, sizeBytes, space, writeSize } from './ebml.ts';
import type { TrackFormat } from './track-format.ts';

/** One packet of a track: a frame of video, or an Opus packet. */
export interface TrackPacket {
  data: Uint8Array;
  key: boolean;
  /** From the start of the file, in milliseconds. */
  atMs: number;
  durationMs: number;
}

/** Bytes and their place in the file. */
export interface Piece {
  position: number;
  bytes: Buffer;
}

const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TRACKS = 0x1654ae6b;
const CUES = 0x1c53bb6b;
const CLUSTER = idOf(0x1f43b675);
const SIMPLE_BLOCK = 0xa3;
/** The number of the only track, as blocks have it. */
const TRACK = 0x81;
/** In the eight bytes that the segment's size takes. */
const UNKNOWN_SIZE = Buffer.from('01ffffffffffffff', 'hex');
/** Space for the SeekHead with its three entries, and for the duration, in bytes. */
const SEEK_HEAD_BYTES = 68;
const DURATION_BYTES = 11;
/** Size of a cluster's head: its id, its size and its timestamp. */
const CLUSTER_HEAD_BYTES = 14;
/** Most that a block has before its data, in bytes. */
const BLOCK_HEAD_BYTES = 9;
const BUFFER_BYTES = 64 * 1024;
/** Longest cluster, and shortest distance of index entries of sound, in milliseconds. */
const CLUSTER_MS = 1000;

/**
 * Writes Matroska or WebM (RFC 9559) with one track, as pieces of a file. Our own, because recording has to cost little: a packet is copied once,
 * and nothing is allocated for it. With mediabunny's muxer, and all else alike, five people cost 3.0 instead of 1.85 % of a core, which is about as
 * much more as a receiver costs; mediabunny still reads and repairs files. Clusters are whole when they are taken, and the segment's size is unknown until the end, so a file without
 * its end plays up to its last cluster.
 */
export class MatroskaWriter {
  readonly head: Buffer;
  readonly #isVideo: boolean;
  /** Where the segment's content begins; positions in its index count from there. */
  readonly #segmentAt: number;
  readonly #infoAt: number;
  readonly #durationAt: number;
  readonly #tracksAt: number;
  /** Entries of the index. As numbers: small buffers would each hold a whole slab of Node's pool, some MB per minute. */
  readonly #cues: Array<{ ms: number; position: number }> = [];
  #cueMs = Number.NEGATIVE_INFINITY;
  /** Clusters that have not been taken yet. */
  #buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #length = 0;
  /** A buffer that has been written, to be filled next. */
  #spare: Buffer | undefined;
  /** Where the cluster that grows begins in the buffer; undefined: the next packet begins one. */
  #clusterAt: number | undefined;
  #clusterMs = 0;
  /** Where the buffer belongs in the file. */
  #position: number;
  #endMs = 0;

  constructor(format: TrackFormat) {
    this.#isVideo = format.kind === 'video';
    const ebml = element(0x1a45dfa3, [
      ...[element(0x4286, 1), element(0x42f7, 1), element(0x42f2, 4), element(0x42f3, 8)],
      element(0x4282, format.container === 'webm' ? 'webm' : 'matroska'),
      ...[element(0x4287, 4), element(0x4285, 2)],
    ]);
    const segment = Buffer.concat([idOf(SEGMENT), UNKNOWN_SIZE]);
    const info = element(INFO, [
      ...[element(0x2ad7b1, 1_000_000), element(0x4d80, 'Canopy'), element(0x5741, 'Canopy')],
      space(DURATION_BYTES),
    ]);
    const tracks = element(TRACKS, trackEntry(format));
    this.#segmentAt = ebml.length + segment.length;
    this.#infoAt = this.#segmentAt + SEEK_HEAD_BYTES;
    this.#tracksAt = this.#infoAt + info.length;
    this.#durationAt = this.#tracksAt - DURATION_BYTES;
    this.head = Buffer.concat([ebml, segment, space(SEEK_HEAD_BYTES), info, tracks]);
    this.#position = this.head.length;
  }

  /** Size of the file so far, with what has not been taken yet and, once it is finished, with its index, in bytes. */
  get bytes(): number {
    return this.#position + this.#length;
  }

  /** What has not been taken yet, in bytes. */
  get waitingBytes(): number {
    return this.#length;
  }

  /** Adds a packet. Times must not go back. */
  add({ data, key, atMs, durationMs }: TrackPacket): void {
    const ms = Math.round(atMs);
    const startsCluster =
      this.#clusterAt === undefined || (key && this.#isVideo) || ms - this.#clusterMs >= CLUSTER_MS;
    this.#reserve(CLUSTER_HEAD_BYTES + BLOCK_HEAD_BYTES + data.length);
    if (startsCluster) {
      this.#begin(ms, key);
    }
    const buffer = this.#buffer;
    const size = 4 + data.length;
    const coded = sizeBytes(size);
    const at = this.#length;
    buffer[at] = SIMPLE_BLOCK;
    writeSize(size, coded, buffer, at + 1);
    const block = at + 1 + coded;
    buffer[block] = TRACK;
    buffer.writeInt16BE(ms - this.#clusterMs, block + 1);
    buffer[block + 3] = key ? 0x80 : 0;
    buffer.set(data, block + 4);
    this.#length = block + size;
    this.#endMs = atMs + durationMs;
  }

  /** Takes all clusters, the last one as it is. Give them back with release() once they are written. */
  take(): Piece | undefined {
    if (this.#length === 0) {
      return undefined;
    }
    this.#end();
    const piece = { position: this.#position, bytes: this.#buffer.subarray(0, this.#length) };
    this.#position += this.#length;
    this.#buffer = this.#spare ?? Buffer.allocUnsafe(BUFFER_BYTES);
    this.#spare = undefined;
    this.#length = 0;
    return piece;
  }

  /** Uses the memory of a piece again. */
  release({ bytes }: Piece): void {
    // A buffer that has grown in a burst is not kept.
    if (bytes.buffer.byteLength === BUFFER_BYTES) {
      this.#spare = Buffer.from(bytes.buffer);
    }
  }

  /** What completes the file once all has been taken, in this order: its index, where that is, its length, its size. */
  finish(): Piece[] {
    const cues = element(CUES, this.#cues.map(cuePoint));
    const inSegment = this.#position + cues.length - this.#segmentAt;
    const size = Buffer.alloc(UNKNOWN_SIZE.length);
    size.writeBigUInt64BE((1n << 56n) | BigInt(inSegment));
    const seek = (id: number, at: number) =>
      element(0x4dbb, [element(0x53ab, idOf(id)), longInteger(0x53ac, at - this.#segmentAt)]);
    const seekHead = element(0x114d9b74, [
      ...[seek(INFO, this.#infoAt), seek(TRACKS, this.#tracksAt), seek(CUES, this.#position)],
    ]);
    const index = { position: this.#position, bytes: cues };
    this.#position += cues.length;
    return [
      index,
      { position: this.#segmentAt, bytes: seekHead },
      { position: this.#durationAt, bytes: float(0x4489, this.#endMs) },
      { position: this.#segmentAt - size.length, bytes: size },
    ];
  }

  #begin(ms: number, key: boolean): void {
    this.#end();
    const at = this.#length;
    if (this.#isVideo ? key : ms - this.#cueMs >= CLUSTER_MS) {
      this.#cues.push({ ms, position: this.#position + at - this.#segmentAt });
      this.#cueMs = ms;
    }
    this.#clusterAt = at;
    this.#clusterMs = ms;
    CLUSTER.copy(this.#buffer, at);
    this.#buffer[at + 8] = 0xe7;
    this.#buffer[at + 9] = 0x84;
    this.#buffer.writeUInt32BE(ms, at + 10);
    this.#length += CLUSTER_HEAD_BYTES;
  }

  /** Writes the size of the cluster that grows. */
  #end(): void {
    if (this.#clusterAt !== undefined) {
      writeSize(this.#length - this.#clusterAt - 8, 4, this.#buffer, this.#clusterAt + 4);
      this.#clusterAt = undefined;
    }
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
  }
}

function cuePoint({ ms, position }: { ms: number; position: number }): Buffer {
  const place = element(0xb7, [element(0xf7, 1), element(0xf1, position)]);
  return element(0xbb, [element(0xb3, ms), place]);
}

function trackEntry(format: TrackFormat): Buffer[] {
  const entry = (type: number, codec: string, details: Buffer[]) => [
    element(0xae, [
      ...[element(0xd7, 1), element(0x73c5, 1), element(0x9c, 0), element(0x22b59c, 'und')],
      ...[element(0x83, type), element(0x86, codec), ...details],
    ]),
  ];
  if (format.kind === 'audio') {
    const { sampleRate, numberOfChannels, description } = format.decoderConfig;
    return entry(2, 'A_OPUS', [
      element(0x63a2, Buffer.from(description)),
      // Nothing to skip at the start; 80 ms to decode before the place that is sought (RFC 7845 §4.6).
      ...[element(0x56aa, 0), element(0x56bb, 80_000_000)],
      element(0xe1, [float(0xb5, sampleRate), element(0x9f, numberOfChannels)]),
    ]);
  }
  const { codedWidth, codedHeight, description } = format.decoderConfig;
  const size = element(0xe0, [element(0xb0, codedWidth), element(0xba, codedHeight)]);
  switch (format.codec) {
    case 'vp8':
      return entry(1, 'V_VP8', [size]);
    case 'vp9':
      // Profile 0, level 3.1, 8 bits, 4:2:0.
      return entry(1, 'V_VP9', [element(0x63a2, Buffer.from('01010002011f030108040101', 'hex')), size]);
    case 'avc':
      return entry(1, 'V_MPEG4/ISO/AVC', [element(0x63a2, Buffer.from(description ?? [])), size]);
  }
}
