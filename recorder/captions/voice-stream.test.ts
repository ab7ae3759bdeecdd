import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createEncoder, type OpusEncoderHandle } from 'libopus-wasm';
import type { RtpPacket } from '../../base/rtp/index.ts';
import { buildRtp, parseRtp } from '../../base/rtp/index.ts';
import { VoiceStream } from './voice-stream.ts';

const RATE_HZ = 16_000;
/** Of 20 ms. */
const FRAME = RATE_HZ / 50;

describe('VoiceStream', () => {
  let encoder: OpusEncoderHandle;
  let stream: VoiceStream;
  let decoded: Int16Array[];

  before(async () => {
    encoder = await createEncoder({ sampleRate: RATE_HZ, channels: 1, application: 2048 });
  });
  after(() => encoder.free());
  beforeEach(async () => {
    stream?.close();
    decoded = [];
    stream = await VoiceStream.open((samples) => decoded.push(samples));
  });

  /** The packet with this number, counted from 0, of a tone of 400 Hz. */
  function packet(index: number, payload?: Buffer): RtpPacket<Buffer> {
    const samples = Int16Array.from({ length: FRAME }, (_, n) =>
      Math.round(8000 * Math.sin((2 * Math.PI * 400 * (index * FRAME + n)) / RATE_HZ)),
    );
    const rtp = buildRtp({
      payloadType: 111,
      // Both wrap around on the way.
      sequenceNumber: (65_530 + index) & 0xffff,
      timestamp: (2 ** 32 - 4800 + index * 960) >>> 0,
      ssrc: 1,
      marker: false,
      extensions: [],
      payload: [payload ?? encoder.encode(samples, { frameSize: FRAME })],
    });
    const parsed = parseRtp(rtp);
    assert.ok(parsed);
    return parsed;
  }
  const length = () => decoded.reduce((sum, samples) => sum + samples.length, 0);
  const isSilent = (samples: Int16Array | undefined) => samples?.every((sample) => sample === 0);

  it('decodes packets in their order, whatever the order of their arrival', () => {
    for (const index of [0, 1, 3, 2, 4, 4, 6, 5]) {
      stream.packet(packet(index), index * 20);
    }
    assert.deepEqual(
      decoded.map((samples) => samples.length),
      Array.from({ length: 7 }, () => FRAME),
    );
  });

  it('a short gap is concealed, and a longer one is silent; each is as long as what is missing, up to a second', () => {
    const lengths = [
      [0, FRAME],
      [3, 3 * FRAME],
      [20, 17 * FRAME],
      [520, RATE_HZ + FRAME],
    ] as const;
    for (const [index, expected] of lengths) {
      const before = length();
      stream.packet(packet(index), index * 20);
      stream.tick(index * 20 + 150);
      assert.equal(length() - before, expected, `${index}`);
    }
    assert.ok(!isSilent(decoded[1]), 'concealed');
    assert.ok(isSilent(decoded[3]));
  });

  it('a pause is passed on as silence for a second, and not again when the voice comes back', () => {
    stream.packet(packet(0), 0);
    stream.tick(300);
    assert.equal(length(), FRAME);
    for (let nowMs = 400; nowMs <= 5000; nowMs += 100) {
      stream.tick(nowMs);
    }
    assert.equal(length(), RATE_HZ + FRAME);
    stream.packet(packet(250), 5000);
    stream.tick(5150);
    assert.equal(length(), RATE_HZ + 2 * FRAME);
  });

  it('a payload that is no Opus is left out, and what follows is decoded', () => {
    stream.packet(packet(0), 0);
    stream.packet(packet(1, Buffer.from([0xff, 0xff, 0xff])), 20);
    stream.packet(packet(2, Buffer.alloc(0)), 40);
    stream.packet(packet(3), 60);
    assert.equal(length(), 4 * FRAME);
  });
});
