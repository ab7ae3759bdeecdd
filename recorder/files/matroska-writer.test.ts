import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BufferSource, EncodedPacketSink, Input, MATROSKA, WEBM } from 'mediabunny';
import { MatroskaWriter, type Piece } from './matroska-writer.ts';
import { audioFormat, videoFormat } from './track-format.ts';

const SOUND_MS = 20;

function videoWriter(): MatroskaWriter {
  const format = videoFormat('vp8', {
    data: Buffer.alloc(0),
    key: true,
    size: { width: 640, height: 360 },
  });
  assert.ok(format);
  return new MatroskaWriter(format);
}

/** A frame that is told apart by its first byte. */
const frame = (name: number, bytes = 100) => Buffer.alloc(bytes, name);

/** A file to which pieces are written as they come. */
class WrittenFile {
  bytes: Buffer;

  constructor(head: Buffer) {
    this.bytes = head;
  }

  write(pieces: readonly (Piece | undefined)[]): this {
    for (const piece of pieces) {
      assert.ok(piece);
      const before = this.bytes.subarray(0, piece.position);
      const after = this.bytes.subarray(piece.position + piece.bytes.length);
      assert.equal(before.length, piece.position, 'no hole');
      this.bytes = Buffer.concat([before, piece.bytes, after]);
    }
    return this;
  }

  async read() {
    const input = new Input({ source: new BufferSource(this.bytes), formats: [MATROSKA, WEBM] });
    const [track] = await input.getTracks();
    assert.ok(track);
    const sink = new EncodedPacketSink(track);
    const packets: string[] = [];
    for await (const { timestamp, type, data } of sink.packets()) {
      packets.push(`${Math.round(timestamp * 1000)} ${type} ${data[0]}×${data.length}`);
    }
    return { track, sink, packets };
  }
}

describe('MatroskaWriter', () => {
  test('writes what is read again, with its length and an index', async () => {
    const writer = videoWriter();
    const file = new WrittenFile(writer.head);
    writer.add({ data: frame(1, 90_000), key: true, atMs: 0, durationMs: 33 });
    writer.add({ data: frame(2), key: false, atMs: 33.4, durationMs: 33 });
    file.write([writer.take()]);
    assert.equal(file.bytes.length, writer.bytes);
    writer.add({ data: frame(3), key: false, atMs: 400, durationMs: 33 });
    writer.add({ data: frame(4), key: true, atMs: 60_000, durationMs: 33 });
    writer.add({ data: frame(5), key: false, atMs: 3_600_000, durationMs: 33 });
    file.write([writer.take(), ...writer.finish()]);
    assert.equal(file.bytes.length, writer.bytes);
    const { track, sink, packets } = await file.read();
    assert.deepEqual(packets, [
      '0 key 1×90000',
      '33 delta 2×100',
      '400 delta 3×100',
      '60000 key 4×100',
      '3600000 delta 5×100',
    ]);
    assert.ok(track.isVideoTrack());
    assert.deepEqual([track.codec, track.codedWidth, track.codedHeight], ['vp8', 640, 360]);
    assert.equal(await track.computeDuration(), 3600);
    assert.equal((await sink.getKeyPacket(100))?.timestamp, 60);
  });

  test('says what H264 and VP9 are', async () => {
    const parameterSets = '000000016742c00dd90141fb0000000168ebe3cb22c00000000165888400';
    const h264 = videoFormat('h264', { data: Buffer.from(parameterSets, 'hex'), key: true });
    const vp9 = videoFormat('vp9', { data: Buffer.alloc(0), key: true, size: { width: 320, height: 180 } });
    for (const [format, codec] of [
      [h264, 'avc1.42c00d'],
      [vp9, 'vp09.00.'],
    ] as const) {
      assert.ok(format?.kind === 'video');
      const writer = new MatroskaWriter(format);
      const file = new WrittenFile(writer.head);
      writer.add({ data: frame(1), key: true, atMs: 0, durationMs: 33 });
      file.write([writer.take(), ...writer.finish()]);
      const { track, packets } = await file.read();
      assert.deepEqual(packets, ['0 key 1×100']);
      assert.ok(track.isVideoTrack());
      const config = await track.getDecoderConfig();

      assert.ok(config?.codec.startsWith(codec), config?.codec);
      if (format.codec === 'avc') {
        assert.deepEqual(Buffer.from(config?.description as Uint8Array), format.decoderConfig.description);
      }
    }
  });

  test('without its end, the file plays up to the last cluster', async () => {
    const writer = new MatroskaWriter(audioFormat());
    const file = new WrittenFile(writer.head);
    for (let n = 0; n < 100; n += 1) {
      writer.add({ data: frame(n, 3), key: true, atMs: n * SOUND_MS, durationMs: SOUND_MS });
      if (n % 20 === 19) {
        file.write([writer.take()]);
      }
    }
    const { track, packets } = await file.read();
    assert.equal(packets.length, 100);
    assert.equal(packets.at(-1), '1980 key 99×3');
    assert.ok(track.isAudioTrack());
    assert.deepEqual([track.codec, track.sampleRate, track.numberOfChannels], ['opus', 48_000, 2]);
  });

  test('fills memory that is given back, while another piece is being written', () => {
    const writer = videoWriter();
    const memory = new Set<ArrayBufferLike>();
    for (let n = 0; n < 10; n += 1) {
      writer.add({ data: frame(n), key: n === 0, atMs: n * 100, durationMs: 33 });
      const piece = writer.take();
      assert.ok(piece);
      memory.add(piece.bytes.buffer);
      writer.add({ data: frame(n), key: false, atMs: n * 100 + 50, durationMs: 33 });
      assert.ok(piece.bytes.includes(frame(n)), 'what is being written does not change');
      writer.release(piece);
    }
    assert.equal(memory.size, 2);
    assert.ok(writer.waitingBytes > 100);
  });

  test('an hour of sound in its index holds no memory of other buffers', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const writer = new MatroskaWriter(audioFormat());
    let atMs = 0;
    const hold = (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        writer.add({ data: frame(1, 3), key: true, atMs, durationMs: SOUND_MS });
        atMs += 1000;
        const piece = writer.take();
        assert.ok(piece);
        writer.release(piece);
        // What else a recorder does meanwhile uses up the slab of Node's pool that small buffers share.
        Buffer.allocUnsafe(Buffer.poolSize / 2 - 1);
        Buffer.allocUnsafe(Buffer.poolSize / 2 - 1);
      }
    };
    hold(60);
    collect();
    const before = process.memoryUsage().arrayBuffers;
    hold(3600);
    // What is collected is freed by another thread, so on a busy machine later.
    const grown = () => {
      collect();
      return process.memoryUsage().arrayBuffers - before;
    };
    const limit = 16 * Buffer.poolSize;
    for (let tries = 0; tries < 200 && grown() > limit; tries += 1) {
      await delay(50);
    }
    assert.ok(grown() < limit, `${grown()} bytes`);
  });

  test('a file without packets has nothing to take', () => {
    assert.equal(videoWriter().take(), undefined);
  });
});
