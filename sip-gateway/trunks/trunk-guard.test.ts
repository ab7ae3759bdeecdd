import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../base/index.ts';
import {
  type SipTrunk,
  sipTrunk,
  type TelephonyConfig,
  type TrunkAlarm,
  type TrunkUsage,
} from '../../contract/index.ts';
import { TrunkGuard, TrunkRefusal, type TrunkRefusalReason } from './index.ts';

/** Monday, 30 November 2026, 12:00 UTC. */
const NOON = Date.UTC(2026, 10, 30, 12);
const CUBA = '+5371234567';
const BERLIN = '+4930123456';

/** Keeps usage as the server does. */
function usageStore() {
  const stored = new Map<string, TrunkUsage>();
  const store = async (usage: TrunkUsage[]) => {
    for (const each of usage) {
      stored.set(`${each.day} ${each.prefix}`, each);
    }
  };
  return { stored, store };
}

describe('TrunkGuard', () => {
  let nowMs = NOON;
  let alarms: TrunkAlarm[] = [];
  let refusals: TrunkRefusalReason[] = [];

  beforeEach(() => {
    nowMs = NOON;
    alarms = [];
    refusals = [];
  });

  function guardOf(limits: object, more: object = {}): TrunkGuard {
    const trunk: SipTrunk = sipTrunk.parse({
      name: 'provider',
      uri: 'sip:provider.example',
      limits,
      ...more,
    });
    const config: TelephonyConfig = {
      realm: 'canopy',
      language: 'en',
      phones: [],
      trunks: [trunk],
      dialPlan: [{ direction: 'incoming', pattern: '911', action: { type: 'pin' } }],
      pins: [],
    };
    return new TrunkGuard({
      log: createLogger({ level: 'silent', format: 'json' }),
      config: () => config,
      onAlarm: (alarm) => alarms.push(alarm),
      onRefused: (why) => refusals.push(why),
      now: () => nowMs,
    });
  }

  const target = (number: string) => ({
    target: { trunk: 'provider', number },
    number,
    trunk: 'provider',
    callerId: undefined,
  });
  const place = (guard: TrunkGuard, callId: string, number = BERLIN) =>
    guard.begin(callId, target(number), number);
  const why = (act: () => void): TrunkRefusalReason | undefined => {
    try {
      act();
      return undefined;
    } catch (error) {
      assert.ok(error instanceof TrunkRefusal);
      return error.why;
    }
  };
  const after = (seconds: number) => {
    nowMs += seconds * 1000;
  };

  it('threat 19: the cost of a prefix per day is capped, also for calls in progress and calls that ring at once', () => {
    const guard = guardOf({
      prices: [
        { prefix: '+53', perMinute: 1, costPerDay: 3 },
        { prefix: '', perMinute: 0 },
      ],
    });
    place(guard, 'a', CUBA);
    place(guard, 'b', CUBA);
    place(guard, 'c', CUBA);
    assert.equal(
      why(() => place(guard, 'd', CUBA)),
      'cost',
      'three calls ring, each for one minute',
    );
    assert.equal(
      why(() => place(guard, 'e')),
      undefined,
    );
    guard.finish('c');
    guard.answered('a');
    guard.answered('b');
    after(50);
    assert.deepEqual(guard.overdue(), []);
    guard.finish('b');
    // a: second minute.
    after(20);
    assert.deepEqual(guard.overdue(), []);
    assert.equal(
      why(() => place(guard, 'f', CUBA)),
      'cost',
    );
    after(44);
    assert.deepEqual(guard.overdue(), [], 'the second minute is not over');
    after(2);
    assert.deepEqual(guard.overdue(), ['a'], 'a third minute of this call would cost too much');
    assert.deepEqual(
      alarms.map(({ kind, prefix, level, max }) => [kind, prefix, level, max]),
      [['cost', '+53', 'reached', 3]],
    );
    // The next day.
    guard.finish('a');
    nowMs = NOON + 86_400_000;
    assert.equal(
      why(() => place(guard, 'g', CUBA)),
      undefined,
    );
  });

  it('threat 19: the caps hold after a restart of the gateway', async () => {
    const limits = { costPerDay: 2, prices: [{ prefix: '', perMinute: 1 }] };
    const { stored, store } = usageStore();
    const first = guardOf(limits);
    place(first, 'a');
    first.answered('a');
    after(90);
    await first.reportUsage(store);
    assert.deepEqual(
      [...stored.values()],
      [
        { trunk: 'provider', day: '2026-11-30', prefix: null, seconds: 90, cost: 2 },
        { trunk: 'provider', day: '2026-11-30', prefix: '', seconds: 90, cost: 2 },
      ],
    );
    const second = guardOf(limits);
    second.restore([...stored.values()]);
    assert.equal(
      why(() => place(second, 'b')),
      'cost',
    );
    // What the server could not take is reported again.
    after(1);
    first.finish('a');
    await assert.rejects(first.reportUsage(() => Promise.reject(new Error('no connection'))));
    let reported = 0;
    await first.reportUsage(async (usage) => {
      reported = usage.length;
    });
    assert.equal(reported, 2);
  });

  it('threat 19: a call that goes on after a crash counts from its answer, and only what the server did not know is added', async () => {
    const limits = { costPerDay: 3, prices: [{ prefix: '', perMinute: 1 }] };
    const { stored, store } = usageStore();
    const first = guardOf(limits);
    place(first, 'a');
    first.answered('a');
    after(50);
    await first.reportUsage(store);
    // The second minute begins, of which the server does not get to know.
    after(15);
    first.overdue();
    await assert.rejects(first.reportUsage(() => Promise.reject(new Error('no connection'))));
    const saved = first.save('a');
    assert.deepEqual(saved, { number: BERLIN, answeredAtMs: NOON, seconds: 50, increments: 1 });
    const second = guardOf(limits);
    second.restore([...stored.values()]);
    second.resume('a', 'provider', saved);
    after(5);
    assert.deepEqual(second.overdue(), []);
    await second.reportUsage(store);
    assert.deepEqual(
      [...stored.values()].map(({ seconds, cost }) => [seconds, cost]),
      [
        [70, 2],
        [70, 2],
      ],
    );
    assert.equal(
      why(() => place(second, 'b')),
      undefined,
    );
    assert.equal(
      why(() => place(second, 'c')),
      'cost',
      'the two minutes of the call and the one of the call that rings',
    );
    second.finish('b');
    after(106);
    assert.deepEqual(second.overdue(), ['a']);
    second.resume('gone', 'another trunk', saved);
    assert.equal(second.save('gone'), undefined);
  });

  it('minutes per day are limited, by days in the time zone of the trunk', () => {
    const guard = guardOf({ minutesPerDay: 2, timeZone: 'Asia/Tokyo', incrementSeconds: 1 });
    place(guard, 'a');
    guard.answered('a');
    after(100);
    assert.equal(
      why(() => place(guard, 'b')),
      undefined,
    );
    guard.finish('b');
    after(15);
    assert.deepEqual(guard.overdue(), ['a']);
    guard.finish('a');
    after(3 * 3600);
    assert.equal(
      why(() => place(guard, 'c')),
      undefined,
      'midnight in Tokyo',
    );
    guard.finish('c');
    assert.deepEqual(
      alarms.map(({ kind, level, used }) => [kind, level, Math.round(used * 60)]),
      [
        ['minutes', 'warning', 100],
        ['minutes', 'reached', 115],
      ],
    );
  });

  it('a call over midnight counts for each of its days', async () => {
    const guard = guardOf({ incrementSeconds: 60, prices: [{ prefix: '', perMinute: 1 }] });
    nowMs = Date.UTC(2026, 10, 30, 23, 59);
    place(guard, 'a');
    guard.answered('a');
    after(59);
    guard.overdue();
    after(121);
    guard.finish('a');
    const days = new Map<string, number>();
    await guard.reportUsage(async (usage) => {
      for (const { day, prefix, cost } of usage) {
        if (prefix === null) {
          days.set(day, cost);
        }
      }
    });
    assert.deepEqual(
      [...days],
      [
        ['2026-11-30', 1],
        ['2026-12-01', 2],
      ],
    );
  });

  it('threat 19: ten barred numbers in a day raise an alarm, once', () => {
    const guard = guardOf({ deny: ['+53'] });
    for (let count = 0; count < 15; count += 1) {
      assert.equal(
        why(() => place(guard, 'a', CUBA)),
        'number',
      );
    }
    assert.deepEqual(alarms, [
      { trunk: 'provider', kind: 'numbers', prefix: null, level: 'reached', used: 10, max: 10 },
    ]);
    assert.equal(refusals.length, 15);
  });

  it('emergency numbers are refused with a status and an error of their own', () => {
    const guard = guardOf({}, { numbers: { countryCode: '49' } });
    for (const number of ['112', '110', '+49112']) {
      assert.equal(
        why(() => place(guard, 'a', number)),
        'emergency',
      );
    }
    assert.equal(
      why(() => guard.begin('a', target('+49112112112'), '112')),
      'emergency',
    );
    const refusal = new TrunkRefusal('emergency');
    assert.deepEqual([refusal.status, refusal.error.code], [403, 'EMERGENCY_CALL_REFUSED']);
    assert.ok(guard.isEmergency('110'));
    assert.ok(!guard.isEmergency('911'), 'the dial plan has a rule for this number');
    assert.ok(!guard.isEmergency('100'));
  });
});
