import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import { FlowKeeper, type KeepOptions } from './flow-keeper.ts';

describe('FlowKeeper', () => {
  const clock = new FakeClock();
  /** Answers to STUN requests. */
  let mapped: (string | undefined)[] = [];
  let failures = 0;
  /** `answerMs` of each CRLF. */
  let sent: (number | undefined)[] = [];

  const keep = (reliable: boolean, options: KeepOptions, random = 1) => {
    failures = 0;
    sent = [];
    const keeper = new FlowKeeper(
      { clock, random: () => random, mappedAddress: async () => mapped.shift() },
      () => failures++,
    );
    const flow: Pick<Flow, 'reliable' | 'open' | 'ping'> = {
      reliable,
      open: true,
      ping: (ms) => sent.push(ms),
    };
    keeper.keep(flow as Flow, options);
    return keeper;
  };
  /** Lets the answers to STUN requests arrive. */
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('sends CRLFs on connections, at four fifths of the interval at the earliest, and wants answers of outbound', () => {
    keep(true, { answers: true, flowTimer: 100 }, 0).stop();
    const keeper = keep(true, { answers: true, flowTimer: 100 }, 0);
    clock.advance(79_999);
    assert.deepEqual(sent, []);
    clock.advance(1);
    assert.deepEqual(sent, [10_000]);
    keeper.stop();
    const other = keep(true, { answers: false });
    clock.advance(120_000);
    assert.deepEqual(sent, [undefined]);
    other.stop();
    assert.equal(clock.pending, 0);
  });

  it('over UDP, a registrar without outbound gets a CRLF every 29 s, and need not answer', () => {
    const keeper = keep(false, { answers: false });
    clock.advance(90_000);
    assert.deepEqual(sent, [undefined, undefined, undefined]);
    keeper.stop();
    clock.advance(90_000);
    assert.equal(sent.length, 3);
  });

  for (const [what, answers] of [
    ['answers no longer', ['a 1', 'a 1', undefined]],
    ['sees another address of ours', ['a 1', 'a 1', 'a 2']],
  ] as const) {
    it(`over UDP, the flow has failed once the registrar ${what}`, async () => {
      mapped = [...answers];
      keep(false, { answers: true, flowTimer: 20 });
      await settled();
      clock.advance(20_000);
      await settled();
      assert.equal(failures, 0);
      clock.advance(20_000);
      await settled();
      assert.equal(failures, 1);
      assert.deepEqual(sent, []);
      assert.equal(clock.pending, 0);
    });
  }

  it('an answer that comes after stop() is ignored', async () => {
    mapped = [undefined];
    keep(false, { answers: true }).stop();
    await settled();
    assert.equal(failures, 0);
    assert.equal(clock.pending, 0);
  });
});
