import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Heartbeat } from './heartbeat.ts';

describe('Heartbeat', () => {
  let answers: Array<PromiseWithResolvers<void>>;
  let deaths: number;
  let heartbeat: Heartbeat;
  let excused: boolean;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    answers = [];
    deaths = 0;
    excused = false;
    heartbeat = new Heartbeat({
      intervalMs: 500,
      ping: () => {
        const answer = Promise.withResolvers<void>();
        answers.push(answer);
        return answer.promise;
      },
      excused: () => excused,
      onDead: () => {
        deaths += 1;
      },
    });
  });

  afterEach(() => {
    heartbeat.close();
    mock.timers.reset();
  });

  async function tick(times = 1): Promise<void> {
    for (let count = 0; count < times; count += 1) {
      // Answers to earlier pings have arrived, and the effects of this beat have been processed.
      await setImmediate();
      mock.timers.tick(500);
      await setImmediate();
    }
  }

  it('pings once per interval while it is answered', async () => {
    for (let beat = 0; beat < 10; beat += 1) {
      await tick();
      answers.at(-1)?.resolve();
    }
    assert.equal(answers.length, 10);
    assert.equal(deaths, 0);
  });

  it('waits longer for an excused process, but not forever, and not once the excuse ends', async () => {
    excused = true;
    await tick(12);
    assert.equal(deaths, 0);
    await tick();
    assert.equal(deaths, 1);
  });

  it('gives up at the next miss after the excuse ends', async () => {
    excused = true;
    await tick(6);
    excused = false;
    await tick();
    assert.equal(deaths, 1);
  });

  it('gives up after three intervals without an answer, once', async () => {
    await tick(3);
    assert.equal(deaths, 0);
    await tick();
    assert.equal(deaths, 1);
    await tick(10);
    assert.equal(answers.length, 1);
    assert.equal(deaths, 1);
  });

  it('gives up after three consecutive rejections, but forgets misses on an answer', async () => {
    for (const outcome of ['no', 'no', 'yes', 'no', 'no', 'yes'] as const) {
      await tick();
      if (outcome === 'no') {
        answers.at(-1)?.reject(new Error('broken'));
      } else {
        answers.at(-1)?.resolve();
      }
    }
    assert.equal(deaths, 0);
    for (let beat = 0; beat < 3; beat += 1) {
      await tick();
      answers.at(-1)?.reject(new Error('broken'));
    }
    await tick();
    assert.equal(deaths, 1);
  });

  it('survives a late answer within the three intervals', async () => {
    await tick(3);
    answers.at(-1)?.resolve();
    await tick(3);
    assert.equal(deaths, 0);
  });

  it('sends no ping after close()', async () => {
    heartbeat.close();
    await tick(5);
    assert.equal(answers.length, 0);
  });
});
