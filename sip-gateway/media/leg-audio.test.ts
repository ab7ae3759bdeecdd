import assert from 'node:assert/strict';
import { afterEach, before, describe, test } from 'node:test';
import { buildNativeCodecs, type Codec, type CodecName, Codecs } from '../codecs/index.ts';
import { concat, fitTone, rms, sine } from '../test-audio/index.ts';
import { LegAudio } from './leg-audio.ts';
import type { LegEvent, LegMedia, ReceiveFormat } from './leg-types.ts';
import { parseRtp, StreamNumbers } from './rtp/index.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

const HZ = 440;
const SECONDS = 4;
const TICKS = SECONDS * 50;
const QUIET = 300;
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const PAYLOAD_TYPES: Record<CodecName, number> = {
  PCMU: 0,
  PCMA: 8,
  G722: 9,
  GSM: 3,
  opus: 111,
  'speex/8000': 97,
  'speex/16000': 98,
  'speex/32000': 99,
  'AMR-WB': 105,
  'AMR-WB/octet-align': 106,
};

/** A simulated phone that sends a tone in one codec after another, and the leg that plays it, in simulated time. */
class Phone {
  readonly codecs: Codecs;
  readonly sent: Uint8Array[] = [];
  readonly events: LegEvent[] = [];
  readonly leg: LegAudio;
  readonly #encoders = new Map<CodecName, Codec>();
  #sequence = 65_500;
  #timestamp = 5_000;
  #heard: Int16Array[] = [];

  constructor(codecs: Codecs) {
    this.codecs = codecs;
    this.leg = new LegAudio({
      codecs,
      numbers: new StreamNumbers(),
      emit: (event) => this.events.push(event),
      send: (packet) => this.sent.push(packet),
      log: log as never,
    });
  }

  media(codec: CodecName, others: readonly CodecName[] = [], extra: Partial<LegMedia> = {}): LegMedia {
    const receiveFormats = [codec, ...others].map(
      (kind): ReceiveFormat => ({ kind, payloadType: PAYLOAD_TYPES[kind], clockRate: clockRate(kind) }),
    );
    const remote = { address: '192.0.2.1', port: 4000 };
    return { codec, payloadType: PAYLOAD_TYPES[codec], receiveFormats, remote, ...extra };
  }

  /** Sends 20 ms with this codec at this time, and lets the leg play 20 ms. */
  async tick(i: number, codec: CodecName): Promise<void> {
    let encoder = this.#encoders.get(codec);
    if (!encoder) {
      encoder = await this.codecs.createCodec(codec, { sampleRate: 48_000 });
      this.#encoders.set(codec, encoder);
    }
    const { sampleRate } = encoder;
    const frame = sampleRate / 50;
    const payload = encoder.encode(sine(frame, { frequencyHz: HZ, sampleRate, from: i * frame })).slice();
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + encoder.clockRate / 50) >>> 0;
    const header = new DataView(new ArrayBuffer(12 + payload.length));
    header.setUint16(0, 0x8000 | PAYLOAD_TYPES[codec]);
    header.setUint16(2, this.#sequence);
    header.setUint32(4, this.#timestamp);
    header.setUint32(8, 77);
    const bytes = new Uint8Array(header.buffer);
    bytes.set(payload, 12);
    const packet = parseRtp(bytes);
    assert.ok(packet);
    this.leg.receive(packet, i * 20);
    this.#heard.push(this.leg.read(i * 20 + 7)?.slice() ?? new Int16Array(this.leg.sampleRate / 50));
    this.leg.write(null);
  }

  /** What was heard since the last call. */
  heard(): Int16Array[] {
    return this.#heard.splice(0);
  }

  close(): void {
    this.leg.close();
    for (const encoder of this.#encoders.values()) {
      encoder.close();
    }
  }
}

function clockRate(codec: CodecName): number {
  return codec === 'opus' ? 48_000 : codec.startsWith('speex/') ? Number(codec.slice(6)) : 8_000;
}

/** The longest pause, in frames of 20 ms. */
function longestGap(frames: readonly Int16Array[]): number {
  let [gap, longest] = [0, 0];
  for (const frame of frames) {
    gap = rms(frame) < QUIET ? gap + 1 : 0;
    longest = Math.max(longest, gap);
  }
  return longest;
}

describe('LegAudio', () => {
  let codecs: Codecs;
  let phone: Phone | undefined;

  before(async () => {
    codecs = await Codecs.load();
  });
  afterEach(() => phone?.close());

  test('a phone may switch among the negotiated codecs with any packet: no gap over 40 ms', async (t) => {
    phone = new Phone(codecs);
    const all: CodecName[] = [
      'PCMU',
      'opus',
      'G722',
      'GSM',
      'speex/16000',
      'PCMA',
      'speex/32000',
      'speex/8000',
    ];
    await phone.leg.start(phone.media('PCMU', all.slice(1)));
    for (let i = 0; i < 50 * all.length; i++) {
      await phone.tick(i, all[Math.floor(i / 50)] as CodecName);
    }
    const frames = phone.heard();
    const gap = longestGap(frames.slice(5));
    t.diagnostic(`longest gap ${gap * 20} ms`);
    assert.ok(gap <= 2);
    for (const [k, codec] of all.entries()) {
      const fit = fitTone(concat(frames.slice(k * 50 + 15, k * 50 + 50)), 8_000, HZ);
      assert.ok(Math.abs(fit.frequencyHz - HZ) < 1 && fit.snrDb > 15, `${codec}: ${JSON.stringify(fit)}`);
    }
  });

  for (const [from, to] of [
    ['PCMU', 'G722'],
    ['G722', 'opus'],
    ['opus', 'PCMU'],
    ['PCMU', 'GSM'],
    ['speex/16000', 'speex/32000'],
  ] as const) {
    test(`a re-INVITE from ${from} to ${to}: no gap over 40 ms, although the phone changes 200 ms later, or sooner`, async (t) => {
      for (const change of [90, 110]) {
        phone = new Phone(codecs);
        const { leg } = phone;
        await leg.start(phone.media(from));
        for (let i = 0; i < TICKS; i++) {
          if (i === 100) {
            await leg.start(phone.media(to, [from]));
          }
          await phone.tick(i, i < change ? from : to);
        }
        const frames = phone.heard();
        // A codec that was not negotiated yet is not heard.
        const gap = longestGap(frames.slice(5));
        const allowed = 2 + Math.max(0, 100 - change);
        t.diagnostic(`change at ${change}: longest gap ${gap * 20} ms`);
        assert.ok(gap <= allowed, `${gap} frames`);
        const rate = leg.sampleRate;
        const fit = fitTone(concat(frames.slice(-50)), rate, HZ);
        assert.ok(Math.abs(fit.frequencyHz - HZ) < 1 && fit.snrDb > 15, JSON.stringify(fit));
        const types = phone.sent.map((packet) => (packet[1] ?? 0) & 0x7f);
        assert.deepEqual([...new Set(types)], [PAYLOAD_TYPES[from], PAYLOAD_TYPES[to]]);
        assert.ok(
          (leg.session?.receiver.packets ?? 0) >= TICKS - Math.max(0, 100 - change),
          'the counts go on',
        );
        phone.close();
      }
    });
  }

  test('a prompt goes on when the codec changes', async () => {
    phone = new Phone(codecs);
    const { leg } = phone;
    await leg.start(phone.media('PCMU'));
    leg.play({ promptId: 'hello', samples: new Int16Array(16_000).fill(1_000), sampleRate: 16_000 });
    for (let i = 0; i < 50; i++) {
      if (i === 20) {
        await leg.start(phone.media('opus', ['PCMU']));
      }
      await phone.tick(i, 'PCMU');
      assert.equal(phone.events.length, i < 49 ? 0 : 1, `tick ${i}`);
    }
    assert.deepEqual(phone.events, [{ type: 'played', promptId: 'hello', completed: true }]);
  });

  test('changes that overlap are made one after another', async () => {
    phone = new Phone(codecs);
    const { leg } = phone;
    const changes = (['PCMU', 'opus', 'GSM', 'PCMU', 'speex/16000', 'PCMU'] as const).map((codec) =>
      leg.start((phone as Phone).media(codec)),
    );
    assert.deepEqual(
      await Promise.all(changes),
      changes.map(() => true),
    );
    for (let i = 0; i < 50; i++) {
      await phone.tick(i, 'PCMU');
    }
    assert.equal(longestGap(phone.heard().slice(5)), 0);
    assert.equal(leg.session?.receiver.counts.malformed, 0);
  });

  test('telephone-events have durations in their own clock rate', async () => {
    for (const [codec, eventRate] of [
      ['opus', 8_000],
      ['opus', 48_000],
      ['speex/16000', 16_000],
      ['speex/32000', 32_000],
    ] as const) {
      phone = new Phone(codecs);
      const telephoneEvent = { payloadType: 101, clockRate: eventRate };
      await phone.leg.start(phone.media(codec, [], { telephoneEvent }));
      phone.leg.press(['5']);
      for (let i = 0; i < 10; i++) {
        phone.leg.write(null);
      }
      const events = phone.sent
        .map((bytes) => parseRtp(bytes))
        .filter((packet) => packet?.payloadType === 101);
      const durations = events.map((packet) => {
        const payload = packet?.payload ?? new Uint8Array(4);
        return ((payload[2] as number) << 8) | (payload[3] as number);
      });
      assert.equal(Math.max(...durations), eventRate / 10, `${codec} at ${eventRate}`);
      phone.close();
    }
  });
});
