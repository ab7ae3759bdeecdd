import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DTMF_KEYS, type DtmfKey, parseEvent, writeEvent } from './events.ts';
import { TelephoneEventReceiver } from './receiver.ts';
import { TelephoneEventSender } from './sender.ts';

const packet = (event: number, duration: number, end = false) =>
  writeEvent({ event, end, volume: 10, duration });

describe('telephone-events (RFC 4733)', () => {
  test('threat 21: a key is told once whichever of its packets are lost, doubled or unmarked', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }), (arrived) => {
        const receiver = new TelephoneEventReceiver(8_000);
        const script = [160, 320, 480, 640, 800, 800, 800].map((ticks, i) => packet(5, ticks, i >= 4));
        const presses = arrived
          .sort((a, b) => a - b)
          .flatMap((i) => receiver.receive(1_000, script[i] ?? new Uint8Array(), 20 * i));
        presses.push(...receiver.expire(1_000));
        assert.deepEqual(
          presses.map(({ key, state }) => key + state),
          ['5down', '5up'],
        );
      }),
    );
  });

  test('two equal keys in a row are two, since their timestamps differ; a late packet of the first is neither', () => {
    const receiver = new TelephoneEventReceiver(8_000);
    const keys = [
      receiver.receive(1_000, packet(1, 160), 0),
      receiver.receive(2_000, packet(1, 160), 100),
      receiver.receive(1_000, packet(1, 480, true), 110),
      receiver.receive(2_000, packet(1, 320, true), 120),
    ].flat();
    assert.deepEqual(
      keys.map(({ state }) => state),
      ['down', 'up', 'down', 'up'],
    );
    assert.equal(keys[3]?.durationMs, 40);
  });

  test('a key held beyond the longest duration of a packet stays one key (RFC 4733 §2.5.1.3)', () => {
    const receiver = new TelephoneEventReceiver(8_000);
    const keys = [
      receiver.receive(0, packet(11, 0xffff), 0),
      receiver.receive(0xffff, packet(11, 800), 8_200),
      receiver.receive(0xffff, packet(11, 960, true), 8_220),
    ].flat();
    assert.deepEqual(
      keys.map(({ state }) => state),
      ['down', 'up'],
    );
    assert.ok(Math.abs((keys[1]?.durationMs ?? 0) - 8_312) < 1);
  });

  test('unknown events and short payloads are nothing', () => {
    const receiver = new TelephoneEventReceiver(8_000);
    assert.deepEqual(receiver.receive(0, packet(16, 160), 0), []);
    assert.deepEqual(receiver.receive(0, Uint8Array.of(1, 2), 0), []);
  });

  test('sent keys have a marked start, growing durations of one timestamp, and three ends', () => {
    const sender = new TelephoneEventSender(48_000);
    sender.push(['7', '*'] satisfies DtmfKey[]);
    const sent = [];
    for (let tick = 0; sender.busy && tick < 100; tick++) sent.push(...sender.tick(960 * tick));
    const read = sent.map(({ payload, timestamp, marker }) => ({
      ...parseEvent(payload),
      timestamp,
      marker,
    }));
    assert.deepEqual(
      read.slice(0, 7).map(({ duration }) => duration),
      [960, 1_920, 2_880, 3_840, 4_800, 4_800, 4_800],
    );
    assert.deepEqual(read.map(({ end }) => end).slice(0, 7), [false, false, false, false, true, true, true]);
    assert.deepEqual(read.map(({ marker }) => marker).slice(0, 2), [true, false]);
    assert.equal(new Set(read.slice(0, 7).map(({ timestamp }) => timestamp)).size, 1);
    assert.deepEqual([...new Set(read.map(({ event }) => DTMF_KEYS[event ?? 0]))], ['7', '*']);
  });
});
