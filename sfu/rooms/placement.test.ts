import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Placement } from './placement.ts';

describe('Placement', () => {
  const shares = new Map<string, number>();
  let nowMs = 0;
  const placement = (spillShare: number) =>
    new Placement<string>({
      live: () => ['one', 'two', 'three'],
      shareOf: (worker) => shares.get(worker) ?? null,
      spillShare,
      now: () => nowMs,
    });

  it('keeps a room where it is while its worker can carry more, however idle others are', () => {
    shares.set('one', 0.5).set('two', 0).set('three', 0);
    assert.equal(placement(0.65).place(['one']), 'one');
  });

  it('spills over to the least loaded worker, and fills it before a third', () => {
    shares.set('one', 0.7).set('two', 0.4).set('three', 0.2);
    const placed = placement(0.65);
    assert.equal(placed.place(['one']), 'three');
    shares.set('two', 0);
    assert.equal(placed.place(['one', 'three']), 'three');
  });

  it('counts peers that are not measured yet, so that many at once do not all go to one worker', () => {
    shares.set('one', 0.6).set('two', 0.5).set('three', 0.9);
    const placed = placement(0.65);
    const places = Array.from({ length: 20 }, () => placed.place(['one', 'two']));
    assert.ok(places.includes('two'));
    assert.ok(places.filter((place) => place === 'one').length <= 6);
    nowMs += 10_000;
    assert.equal(placed.place(['one']), 'one', 'they are forgotten when the measurement shows them');
  });

  it("uses the least loaded of the room's workers when all are full, and never spills at 1", () => {
    shares.set('one', 0.9).set('two', 0.95).set('three', 0.99);
    assert.equal(placement(0.65).place(['one']), 'one');
    shares.set('two', 0);
    assert.equal(placement(1).place(['one']), 'one');
  });
});
