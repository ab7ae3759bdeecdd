import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DTMF_KEYS, type DtmfKey, parseEvent, writeEvent } from './events.ts';
import { TelephoneEventReceiver } from './telephone-event-receiver.ts';
import { TelephoneEventSender } from './telephone-event-sender.ts';

const packet = (event: number, duration: number, end = false) =>
  writeEvent({ event, end, volume: 10, duration });

interface Sent {
  key: number;
  timestamp: number;
  /** In ticks of 8 kHz. */
  duration: number;
  end?: boolean;
}

/** The keys that the receiver reports for packets sent 20 ms apart, except the `lost` ones. */
function pressed(sent: Sent[], lost: (i: number) => boolean = () => false): string[] {
  const receiver = new TelephoneEventReceiver();
  const presses = sent.flatMap(({ key, timestamp, duration, end }, i) =>
    lost(i)
      ? []
      : receiver.receive(
          { sequence: 65_536 + i, timestamp: timestamp >>> 0, payload: packet(key, duration, end) },
          8_000,
          20 * i,
        ),
  );
  presses.push(...receiver.expire(20 * sent.length + 1_000));
  return presses.flatMap(({ key, state }) => (state === 'down' ? [key] : []));
}

/** A 100 ms press as phones send it, with three end packets. `at`: the timestamp of packet `i`. */
function press(key: number, at: (i: number) => number): Sent[] {
  const durations = [160, 320, 480, 640, 800, 800, 800];
  return durations.map((duration, i) => ({ key, duration, end: i >= 4, timestamp: at(i) }));
}

describe('telephone-events (RFC 4733)', () => {
  test('threat 21: a key is reported once, whichever of its packets are lost, duplicate or without marker', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }), (arrived) => {
        const receiver = new TelephoneEventReceiver();
        const script = [160, 320, 480, 640, 800, 800, 800].map((ticks, i) => packet(5, ticks, i >= 4));
        const presses = arrived.flatMap((i) =>
          receiver.receive(
            { sequence: i, timestamp: 1_000, payload: script[i] ?? new Uint8Array() },
            8_000,
            20 * i,
          ),
        );
        presses.push(...receiver.expire(1_000));
        assert.deepEqual(
          presses.map(({ key, state }) => key + state),
          ['5down', '5up'],
        );
      }),
    );
  });

  test('two consecutive presses of a key are distinct by their timestamps; a late packet of the first is no third one', () => {
    const receiver = new TelephoneEventReceiver();
    const receive = (sequence: number, timestamp: number, payload: Uint8Array, nowMs: number) =>
      receiver.receive({ sequence, timestamp, payload }, 8_000, nowMs);
    const keys = [
      receive(1, 1_000, packet(1, 160), 0),
      receive(3, 2_000, packet(1, 160), 100),
      receive(2, 1_000, packet(1, 480, true), 110),
      receive(4, 2_000, packet(1, 320, true), 120),
    ].flat();
    assert.deepEqual(
      keys.map(({ state }) => state),
      ['down', 'up', 'down', 'up'],
    );
    assert.equal(keys[3]?.durationMs, 40);
  });

  test('a key held beyond the maximum duration of a segment remains one press (RFC 4733 §2.5.1.3)', () => {
    const receiver = new TelephoneEventReceiver();
    const keys = [
      receiver.receive({ sequence: 1, timestamp: 0, payload: packet(11, 0xffff) }, 8_000, 0),
      receiver.receive({ sequence: 2, timestamp: 0xffff, payload: packet(11, 800) }, 8_000, 8_200),
      receiver.receive({ sequence: 3, timestamp: 0xffff, payload: packet(11, 960, true) }, 8_000, 8_220),
    ].flat();
    assert.deepEqual(
      keys.map(({ state }) => state),
      ['down', 'up'],
    );
    assert.ok(Math.abs((keys[1]?.durationMs ?? 0) - 8_312) < 1);
  });

  test('threat 21: no key is lost or duplicated if timestamps stand still, go back, jump or move, and packets are lost', () => {
    // 4711# as phones and PBXs have sent it: the timestamp of packet i of key k.
    const senders: Record<string, (k: number) => (i: number) => number> = {
      'as the RFC has it': (k) => () => 1_280 * k,
      'all keys with one timestamp': () => () => 5_000,
      'each key lower than the one before': (k) => () => 100_000 - 1_280 * k,
      'a jump back of 62 s before the third key': (k) => () => 1_000_000 + 1_280 * k - (k >= 2 ? 500_000 : 0),
      'over the end of 32 bits': (k) => () => 0xffff_f000 + 1_280 * k,
      'new timestamps for each repeated end': (k) => (i) => 1_280 * k + 160 * Math.max(0, i - 4),
      'timestamps that move within a key': (k) => (i) => 1_280 * k + 160 * i,
    };
    for (const [name, at] of Object.entries(senders)) {
      const sent = [4, 7, 1, 1, 11].flatMap((key, k) => press(key, at(k)));
      assert.deepEqual(pressed(sent), ['4', '7', '1', '1', '#'], name);
      assert.deepEqual(
        pressed(sent, (i) => i % 7 !== 1 && i % 7 !== 6),
        ['4', '7', '1', '1', '#'],
        `${name}: most packets lost`,
      );
      assert.deepEqual(
        pressed(sent, (i) => i % 7 > 3),
        ['4', '7', '1', '1', '#'],
        `${name}: no end arrives`,
      );
    }
  });

  test('end packets alone count as a press, and so does a press of 40 ms', () => {
    const ends = [1, 1, 2].flatMap((key, k) => press(key, () => 1_280 * k).slice(4));
    assert.deepEqual(pressed(ends), ['1', '1', '2']);
    const short = [1, 1, 2].flatMap((key, k) =>
      [160, 320, 320, 320].map((duration, i) => ({
        key,
        duration,
        end: i > 0,
        timestamp: 640 * k + (i > 1 ? 160 * (i - 1) : 0),
      })),
    );
    assert.deepEqual(pressed(short), ['1', '1', '2']);
  });

  test('a press during which the sender’s clock or numbering jumps remains one press', () => {
    const jump = press(5, (i) => (i < 3 ? 1_000_000 : 500_000));
    assert.deepEqual(pressed(jump), ['5']);
    const receiver = new TelephoneEventReceiver();
    const keys = receiver.receive({ sequence: 70_000, timestamp: 9, payload: packet(5, 160) }, 8_000, 0);
    receiver.renumber();
    keys.push(
      ...receiver.receive({ sequence: 65_536, timestamp: 9, payload: packet(5, 320, true) }, 8_000, 20),
    );
    assert.deepEqual(
      keys.map(({ state }) => state),
      ['down', 'up'],
    );
  });

  test('the duration of a press is in ticks of its payload type’s clock rate', () => {
    const receiver = new TelephoneEventReceiver();
    const up = (sequence: number, clockRate: number) =>
      receiver
        .receive(
          { sequence, timestamp: 50_000 * sequence, payload: packet(3, clockRate / 10, true) },
          clockRate,
          1_000 * sequence,
        )
        .at(-1);
    assert.equal(up(1, 8_000)?.durationMs, 100);
    assert.equal(up(2, 48_000)?.durationMs, 100);
  });

  test('unknown events and short payloads are ignored', () => {
    const receiver = new TelephoneEventReceiver();
    for (const payload of [packet(16, 160), Uint8Array.of(1, 2)]) {
      assert.deepEqual(receiver.receive({ sequence: 1, timestamp: 0, payload }, 8_000, 0), []);
    }
  });

  test('sent keys start with a marker, have one timestamp with growing durations, and end three times', () => {
    const sender = new TelephoneEventSender(48_000);
    sender.push(['7', '*'] satisfies DtmfKey[]);
    const sent = [];
    for (let tick = 0; sender.busy && tick < 100; tick++) {
      sent.push(...sender.tick(960 * tick));
    }
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
