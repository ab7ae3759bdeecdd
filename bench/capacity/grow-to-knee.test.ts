import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { growToKnee, kneeOf, type Window } from './grow-to-knee.ts';

/** A server that needs some of a core for each unit, and loses what a quota does not allow. */
function server(coresPerUnit: number, change: (units: number) => Partial<Window> = () => ({})) {
  const tried: number[] = [];
  const measure = async (units: number): Promise<Window> => {
    tried.push(units);
    const wanted = units * coresPerUnit;
    const cores = Math.min(wanted, 0.5);
    return {
      cores,
      nodeCores: 0,
      packetsPerSecond: 1000 * units,
      lossShare: 1 - cores / wanted,
      delay: { p50Ms: 3, p99Ms: 9 },
      sentMbps: units,
      receivedMbps: units,
      memoryBytes: units,
      complete: true,
      busiestLoad: 0.2,
      stealShare: 0,
      ...change(units),
    };
  };
  return { tried, measure };
}

const knee = async (measure: (units: number) => Promise<Window>, from?: number) =>
  growToKnee(measure, { cores: 0.5, ...(from !== undefined && { from }) });

describe('growToKnee()', () => {
  it('finds the largest number with which the server keeps up, in few steps', async () => {
    const { measure, tried } = server(0.0255);
    const steps = await knee(measure);
    assert.equal(kneeOf(steps)?.units, 19);
    assert.equal(steps.at(-1)?.limit, 'loss');
    assert.equal(steps.at(-1)?.units, 20);
    assert.ok(tried.length <= 8, `${tried}`);
  });

  it('names what ended the growth', async () => {
    const limitAt = async (change: Partial<Window>) =>
      (await knee(server(0.02, (units) => (units > 5 ? change : {})).measure)).at(-1)?.limit;
    assert.equal(await limitAt({ delay: { p50Ms: 24, p99Ms: 30 } }), 'delay');
    assert.equal(await limitAt({ complete: false }), 'streams');
    assert.equal(await limitAt({ cores: 0.49 }), 'cpu');
    assert.equal(await limitAt({ busiestLoad: 0.8, lossShare: 0.5 }), 'load');
  });

  it('finds nothing for a server that does not keep up with the first', async () => {
    const steps = await knee(server(0.2).measure, 5);
    assert.equal(steps.length, 1);
    assert.equal(kneeOf(steps), undefined);
  });
});
