import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { CanopyError } from '../base/errors/index.ts';
import { REQUESTS } from '../signaling/index.ts';
import type { Sfu } from './index.ts';
import { h264Parameters, mutated, vp9Parameters } from './test-mutations.ts';
import { clientFingerprint, enter, opusParameters, simulcastParameters, startSfu } from './test-support.ts';

const PRODUCER = '0190c0de-0000-7000-8000-000000000000';

/** Whether the published schema accepts a message, given what a room can carry. */
function published(kind: string, rtpParameters: unknown): boolean {
  const source = kind === 'audio' ? 'microphone' : 'camera';
  const data = { transportId: PRODUCER, kind, source, rtpParameters, paused: false };
  return REQUESTS['producer.create'].data.safeParse(data).success;
}

const token = (maxLength: number, more = '') =>
  fc.string({
    unit: fc.constantFrom(...'abcxyzABCXYZ0189-_', ...more),
    minLength: 1,
    maxLength,
  });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const ssrc = fc.integer({ min: 1, max: 0xffff_ffff });
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 256 }).filter((text) => text.length <= 256),
  fc.integer(),
  fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31), 0.5, -1e-9),
);

const parameters = fc.dictionary(
  token(64).filter((name) => name !== 'apt'),
  value,
  { maxKeys: 8 },
);

const mode = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  'L1T1',
  'L1T3',
  'L3T3',
  'L3T3_KEY',
  'L2T2h',
  'S3T1',
  'L2T1_KEY_SHIFT',
);

/** Anything that a client might send: consistent combinations, and inconsistent ones. */
const composed = fc
  .record({
    mimeType: fc.constantFrom(
      'audio/opus',
      'AUDIO/Opus',
      'video/VP8',
      'video/vp8',
      'video/VP9',
      'video/H264',
    ),
    payloadTypes: fc.uniqueArray(fc.integer({ min: 0, max: 127 }), { minLength: 2, maxLength: 2 }),
    parameters,
    rtx: fc.constantFrom('none', 'right', 'right', 'itself', 'absent'),
    mid: maybe(token(16, "!#$%&'*+.^`{|}~")),
    msid: maybe(
      fc.oneof(
        token(64, '{}'),
        fc.tuple(token(64), token(64)).map((ids) => ids.join(' ')),
      ),
    ),
    encodings: fc.uniqueArray(
      fc.record({ ssrc: maybe(ssrc), rid: maybe(token(16)), maxBitrate: maybe(ssrc) }),
      {
        minLength: 1,
        maxLength: 4,
        selector: (one) => one.ssrc,
      },
    ),
    scalabilityMode: mode,
    codecPayloadType: fc.constantFrom(undefined, undefined, 0, 1),
  })
  .map(({ mimeType, payloadTypes: [media = 0, repair = 1], rtx, encodings, ...given }) => {
    const audio = /^audio/i.test(mimeType);
    const fixed = /opus/i.test(mimeType) ? { clockRate: 48_000, channels: 2 } : { clockRate: 90_000 };
    const asked = mimeType.includes('H264')
      ? { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 }
      : {};
    const apt = { none: media, right: media, itself: repair, absent: (media + repair + 1) % 128 }[rtx];
    const used = given.codecPayloadType === undefined ? undefined : [media, repair][given.codecPayloadType];
    return {
      ...(given.mid !== undefined && { mid: given.mid }),
      ...(given.msid !== undefined && { msid: given.msid }),
      codecs: [
        { mimeType, payloadType: media, ...fixed, parameters: { ...given.parameters, ...asked } },
        ...(rtx === 'none' || audio
          ? []
          : [{ mimeType: 'video/rtx', payloadType: repair, clockRate: 90_000, parameters: { apt } }]),
      ],
      encodings: encodings.map((one) => ({
        ...one,
        scalabilityMode: given.scalabilityMode,
        ...(used !== undefined && { codecPayloadType: used }),
      })),
    };
  });

describe('threat 6: the published schema and the media plane agree', () => {
  let sfu: Sfu;
  let ann: Awaited<ReturnType<typeof enter>>;
  let pid: number | undefined;

  before(async () => {
    sfu = await startSfu();
    ann = await enter(sfu, 'green', 'ann');
    pid = (await sfu.workers())[0]?.pid;
  });
  after(() => sfu.close());

  /** The outcome of a request: its error code, or null. The room need not support the codec. */
  async function refusal(kind: string, rtpParameters: unknown): Promise<string | null> {
    try {
      const { transportId } = ann.send;
      const { producerId } = await sfu.produce('green', 'ann', {
        transportId,
        kind: kind as 'audio',
        rtpParameters,
        paused: false,
      });
      sfu.closeProducer('green', 'ann', producerId);
      return null;
    } catch (error) {
      assert.ok(error instanceof CanopyError, String(error));
      return error.code === 'CODEC_UNSUPPORTED' ? error.code : `${error.code}: ${error.detail}`;
    }
  }

  async function agree(kind: string, rtpParameters: unknown): Promise<boolean> {
    const refused = await refusal(kind, rtpParameters);
    const taken = published(kind, rtpParameters);
    if (taken) {
      assert.ok(refused === null || refused === 'CODEC_UNSUPPORTED', refused ?? '');
    } else {
      assert.match(refused ?? 'taken', /^MEDIA_REJECTED/);
    }
    return refused === null;
  }

  it('on RTP parameters composed of valid parts', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(composed, fc.nat(9), async (given, chance) => {
        const isAudio = /^audio/i.test(given.codecs[0]?.mimeType ?? '');
        if (await agree(isAudio === chance > 0 ? 'audio' : 'video', given)) {
          taken += 1;
        }
      }),
      { numRuns: 4000, endOnFailure: true },
    );
    assert.ok(taken > 50, `${taken} taken`);
  });

  it('on RTP parameters of browsers with one to three mutations', async () => {
    const makers = [() => opusParameters(), () => simulcastParameters(), vp9Parameters, h264Parameters];
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(...makers.map((make) => mutated(make))),
        fc.constantFrom('audio', 'video'),
        async (given, kind) => {
          if (await agree(kind, given)) {
            taken += 1;
          }
        },
      ),
      { numRuns: 3000, endOnFailure: true },
    );
    assert.ok(taken > 100, `${taken} taken`);
  });

  it("on a receiver's capabilities", async () => {
    const { data } = REQUESTS['transport.create'];
    await fc.assert(
      fc.asyncProperty(
        mutated(() => ann.rtpCapabilities),
        async (rtpCapabilities) => {
          const taken = data.safeParse({ direction: 'recv', rtpCapabilities }).success;
          const made = await sfu
            .createTransport('green', 'eve', { direction: 'recv', rtpCapabilities: rtpCapabilities as never })
            .catch((error: CanopyError) => error.code);
          assert.equal(typeof made === 'object', taken, String(made));
          if (typeof made === 'object') {
            sfu.closeTransport('green', 'eve', made.transportId);
          }
        },
      ),
      { numRuns: 1000, endOnFailure: true },
    );
  });

  it('on DTLS parameters', async () => {
    const { data } = REQUESTS['transport.connect'];
    await fc.assert(
      fc.asyncProperty(mutated(clientFingerprint), async (dtlsParameters) => {
        const { transportId } = await sfu.createTransport('green', 'eve', { direction: 'send' });
        const taken = data.safeParse({ transportId, dtlsParameters, signature: 'AA' }).success;
        const connecting = sfu.connectTransport('green', 'eve', transportId, dtlsParameters as never);
        const code = await connecting.then(
          () => null,
          (error: CanopyError) => error.code,
        );
        assert.equal(code, taken ? null : 'FINGERPRINT_INVALID');
        sfu.closeTransport('green', 'eve', transportId);
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });

  it('and afterwards the worker is the same process', async () => {
    assert.deepEqual(
      (await sfu.workers()).map((worker) => worker.pid),
      [pid],
    );
  });
});
