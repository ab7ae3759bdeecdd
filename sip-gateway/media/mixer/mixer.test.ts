import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openNetwork } from '../../../base/udp/index.ts';
import { buildNativeCodecs, Codecs } from '../../codecs/index.ts';
import { concat, fitTone, sine } from '../../test-audio/index.ts';
import { MediaLog } from '../media-log.ts';
import { audioLevel } from './audio-level.ts';
import { Limiter } from './limiter.ts';
import { type MixedLeg, RoomMixer } from './room-mixer.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

const SILENT = MediaLog.create(() => undefined, undefined);

/** A leg that says a tone and keeps what it hears. */
class ToneLeg implements MixedLeg {
  sampleRate: number;
  readonly heard: Int16Array[] = [];
  readonly #frequencyHz: number;
  readonly #amplitude: number;
  #at = 0;

  constructor(sampleRate: number, frequencyHz: number, amplitude = 4_000) {
    this.sampleRate = sampleRate;
    this.#frequencyHz = frequencyHz;
    this.#amplitude = amplitude;
  }

  read(): Int16Array {
    const count = this.sampleRate / 50;
    this.#at += count;
    return sine(count, {
      frequencyHz: this.#frequencyHz,
      sampleRate: this.sampleRate,
      amplitude: this.#amplitude,
      from: this.#at,
    });
  }

  write(heard: Float32Array | null): void {
    this.heard.push(Int16Array.from(heard ?? []));
  }

  amplitude(frequencyHz: number): number {
    return fitTone(concat(this.heard).subarray(this.sampleRate / 2), this.sampleRate, frequencyHz).amplitude;
  }
}

describe('mixer', () => {
  for (const prefer of ['native', 'portable'] as const) {
    test(`phones with all sample rates hear each other, but never themselves (${prefer})`, async () => {
      const network = openNetwork({ prefer });
      const mixer = await RoomMixer.open({
        codecs: await Codecs.load({ prefer }),
        network,
        ip: '127.0.0.1',
        log: SILENT,
      });
      const legs = [
        { leg: new ToneLeg(8_000, 500), tone: 500 },
        { leg: new ToneLeg(8_000, 800), tone: 800 },
        { leg: new ToneLeg(16_000, 1_100), tone: 1_100 },
        { leg: new ToneLeg(48_000, 1_500), tone: 1_500 },
      ];
      for (const [i, { leg }] of legs.entries()) {
        mixer.add(leg, i + 1);
      }
      for (let tick = 0; tick < 75; tick++) {
        mixer.tick(20 * tick);
      }
      for (const { leg, tone: own } of legs) {
        for (const { tone } of legs) {
          const amplitude = leg.amplitude(tone);
          if (tone === own) {
            assert.ok(amplitude < 20, `${own} Hz hears itself at ${amplitude}`);
          } else {
            assert.ok(Math.abs(amplitude / 4_000 - 1) < 0.1, `${own} Hz hears ${tone} Hz at ${amplitude}`);
          }
        }
      }
      assert.equal(mixer.legs, 4);
      mixer.remove((legs[0] as { leg: ToneLeg }).leg);
      mixer.close();
      network.close();
      assert.equal(mixer.legs, 0);
    });
  }

  for (const where of ['read', 'write'] as const) {
    test(`threat 51: if the ${where} of a leg throws, only that leg is removed, and the others still hear each other`, async () => {
      const network = openNetwork({ prefer: 'portable' });
      const faults: Array<{ leg: MixedLeg; fault: unknown }> = [];
      const codecs = await Codecs.load();
      const mixer = await RoomMixer.open({
        codecs,
        network,
        ip: '127.0.0.1',
        onLegFault: (leg, fault) => faults.push({ leg, fault }),
        log: SILENT,
      });
      const [first, faulty, second] = [
        new ToneLeg(8_000, 500),
        new ToneLeg(8_000, 800),
        new ToneLeg(16_000, 1_100),
      ];
      for (const [i, leg] of [first, faulty, second].entries()) {
        mixer.add(leg, i + 1);
      }
      const fault = new Error('of this leg');
      for (let tick = 0; tick < 75; tick++) {
        if (tick === 10) {
          faulty[where] = () => {
            throw fault;
          };
        }
        mixer.tick(20 * tick);
      }
      assert.deepEqual(faults, [{ leg: faulty, fault }]);
      assert.equal(mixer.legs, 2);
      assert.equal(first.heard.length, 75);
      assert.ok(Math.abs(first.amplitude(1_100) / 4_000 - 1) < 0.1);
      assert.ok(Math.abs(second.amplitude(500) / 4_000 - 1) < 0.1);
      mixer.close();
      network.close();
    });
  }

  test('after a change of codec, a phone’s stream in the room continues, without duplicate or missing sequence numbers', async () => {
    const room = createSocket('udp4').bind(0, '127.0.0.1');
    await once(room, 'listening');
    const network = openNetwork({ prefer: 'portable' });
    const mixer = await RoomMixer.open({
      codecs: await Codecs.load(),
      network,
      ip: '127.0.0.1',
      log: SILENT,
    });
    try {
      const place = { address: '127.0.0.1', port: room.address().port };
      mixer.connect({ sendTo: place, receiveFrom: place, sendPayloadType: 100, receivePayloadType: 101 });
      const leg = new ToneLeg(8_000, 500);
      mixer.add(leg, 1);
      const numbers: number[] = [];
      for (let tick = 0; numbers.length < 10; tick++) {
        if (numbers.length === 5) {
          leg.sampleRate = 48_000;
        }
        const heard = once(room, 'message', { signal: AbortSignal.timeout(5_000) });
        // The first ticks after a change have no encoder yet.
        while (mixer.stats().packetsSent === numbers.length) {
          mixer.tick(20 * tick);
          await setImmediate();
        }
        const [packet] = (await heard) as [Buffer];
        numbers.push(packet.readUInt16BE(2));
      }
      const [first = 0] = numbers;
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => (first + index) & 0xffff),
      );
    } finally {
      mixer.close();
      network.close();
      room.close();
    }
  });

  test('thirty simultaneous voices do not overload, and a single one is unchanged', () => {
    const limiter = new Limiter(16_000);
    const out = new Int16Array(320);
    const frames: Int16Array[] = [];
    for (let i = 0; i < 100; i++) {
      const voices = sine(320, { frequencyHz: 400, sampleRate: 16_000, amplitude: 4_000, from: i * 320 });
      limiter.process(
        Float32Array.from(voices, (value) => value * (i < 50 ? 30 : 1)),
        out,
      );
      frames.push(out.slice());
    }
    const crowd = fitTone(concat(frames.slice(5, 50)), 16_000, 400);
    assert.ok(crowd.amplitude < 32_767 && crowd.amplitude > 25_000);
    assert.ok(crowd.snrDb > 40, 'turned down, not clipped');
    assert.ok(Math.abs(fitTone(concat(frames.slice(90)), 16_000, 400).amplitude - 4_000) < 40);
  });

  test('audio levels follow RFC 6464: 0 for full scale, 127 for digital silence', () => {
    assert.deepEqual(audioLevel(new Int16Array(160)), { levelDbov: 127, voice: false });
    assert.equal(audioLevel(new Int16Array(160).fill(-32_768)).levelDbov, 0);
    const tone = sine(1_600, { frequencyHz: 400, sampleRate: 16_000, amplitude: 32_767 });
    assert.deepEqual(audioLevel(tone), { levelDbov: 3, voice: true });
  });

  test('announcements reach every phone at its rate: full while nobody speaks, 14 dB down beneath a voice', async () => {
    const network = openNetwork({ prefer: 'native' });
    const codecs = await Codecs.load();
    const mixer = await RoomMixer.open({ codecs, network, ip: '127.0.0.1', log: SILENT });
    const announcement = {
      samples: sine(32_000, { frequencyHz: 600, sampleRate: 16_000, amplitude: 10_000 }),
      sampleRate: 16_000,
    };
    for (const [voice, gain] of [
      [0, 0.7],
      [4000, 0.2],
    ] as const) {
      const legs = [8000, 16_000, 48_000].map((rate) => new ToneLeg(rate, 1000, voice));
      for (const [i, leg] of legs.entries()) {
        mixer.add(leg, i + 1);
      }
      mixer.tick(0);
      mixer.announce(announcement);
      // More at once are left out.
      for (let i = 0; i < 9; i++) {
        mixer.announce({ samples: new Int16Array(0), sampleRate: 16_000 });
      }
      for (let tick = 1; tick < 90; tick++) {
        mixer.tick(1e6 * (1 + voice) + 20 * tick);
      }
      for (const leg of legs) {
        const amplitude = leg.amplitude(600);
        assert.ok(Math.abs(amplitude / (10_000 * gain) - 1) < 0.1, `${leg.sampleRate} Hz: ${amplitude}`);
        mixer.remove(leg);
      }
      // Nobody is left to hear the rest.
      mixer.announce(announcement);
    }
    mixer.close();
    await network.close();
  });
});
