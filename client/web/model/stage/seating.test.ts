import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrange, promote, type Seat, seatKey } from './seating.ts';

const [me, ann, bob] = [
  { participantId: 'me', self: true },
  { participantId: 'ann' },
  { participantId: 'bob' },
] as const;
const screen: Seat = { participantId: 'bob', screen: true };
const names = (seats: readonly Seat[]) => seats.map(seatKey);

describe('arrange()', () => {
  const request = { view: 'gallery' as const, pinned: undefined, speaker: undefined };

  it('makes a gallery if nobody has to stand out', () => {
    const { stage, rest } = arrange({ ...request, tiles: [me, ann, bob] });
    assert.deepEqual([stage, rest], [[], [me, ann, bob]]);
    assert.deepEqual(arrange({ ...request, view: 'speaker', tiles: [me] }).stage, [], 'alone');
  });

  it('puts the last other speaker on the stage in speaker view, or anyone before somebody has spoken', () => {
    const speaking = { ...request, view: 'speaker' as const, tiles: [me, ann, bob] };
    assert.deepEqual(arrange({ ...speaking, speaker: 'bob' }), { stage: [bob], rest: [me, ann] });
    assert.deepEqual(arrange({ ...speaking, speaker: 'me' }).stage, [ann]);
    assert.deepEqual(arrange({ ...speaking, speaker: 'gone' }).stage, [ann]);
  });

  it('prefers shared screens, and a pin above all', () => {
    const tiles = [me, ann, bob, screen];
    assert.deepEqual(names(arrange({ ...request, tiles }).stage), ['bob screen']);
    const pinned = arrange({ ...request, tiles, pinned: seatKey(ann) });
    assert.deepEqual(names(pinned.stage), ['ann camera']);
    assert.equal(pinned.rest[0], screen);
    assert.deepEqual(names(arrange({ ...request, tiles, pinned: 'gone camera' }).stage), ['bob screen']);
  });

  it('shows people in the spotlight to everyone, except to themselves and those who pinned somebody', () => {
    const tiles = [me, ann, bob, screen];
    assert.deepEqual(names(arrange({ ...request, tiles, spotlight: ['ann'] }).stage), ['ann camera']);
    const pinned = arrange({ ...request, tiles, spotlight: ['ann'], pinned: seatKey(bob) });
    assert.deepEqual(names(pinned.stage), ['bob camera']);
    const both = { ...request, tiles, spotlight: ['me', 'bob', 'ann'] };
    assert.deepEqual(names(arrange(both).stage), ['ann camera', 'bob camera']);
    assert.deepEqual(names(arrange({ ...both, spotlight: ['me'] }).stage), ['bob screen']);
  });

  it('shows the other person large and this user above them in a call of two', () => {
    const two = { ...request, tiles: [me, ann], selfView: 'auto' as const };
    assert.deepEqual(arrange(two), { stage: [ann], rest: [], floating: me });
    assert.deepEqual(arrange({ ...two, tiles: [me, ann, bob] }), { stage: [], rest: [me, ann, bob] });
    assert.deepEqual(arrange({ ...two, tiles: [me] }), { stage: [], rest: [me] });
    assert.deepEqual(arrange({ ...two, selfView: 'tile' }), { stage: [], rest: [me, ann] });
  });

  it('hides this user, or lets them float, in calls of any size', () => {
    const three = { ...request, tiles: [me, ann, bob] };
    assert.deepEqual(arrange({ ...three, selfView: 'hidden' }), { stage: [], rest: [ann, bob] });
    assert.deepEqual(arrange({ ...three, selfView: 'floating' }), {
      stage: [],
      rest: [ann, bob],
      floating: me,
    });
    assert.deepEqual(arrange({ ...three, tiles: [me], selfView: 'hidden' }).rest, [me], 'alone');
    const pinned = arrange({ ...three, selfView: 'hidden', pinned: seatKey(me) });
    assert.deepEqual(names(pinned.stage), ['me camera']);
  });
});

describe('promote()', () => {
  const order = ['me', 'a', 'b', 'c', 'd'];
  const spokeAtMs = new Map([['c', 5]]);

  it('moves nobody if the speaker is visible', () => {
    assert.deepEqual(promote(order, 'b', 3, { spokeAtMs, keeps: 'me' }), order);
  });

  it('gives the speaker the place of whoever has been silent longest', () => {
    assert.deepEqual(promote(order, 'd', 4, { spokeAtMs, keeps: 'me' }), ['me', 'a', 'd', 'c', 'b']);
    const all = new Map([
      ['a', 3],
      ['b', 7],
      ['c', 5],
    ]);
    assert.deepEqual(promote(order, 'd', 4, { spokeAtMs: all, keeps: 'me' }), ['me', 'd', 'b', 'c', 'a']);
  });

  it('never moves the person who keeps a place, even if there is no other', () => {
    assert.deepEqual(promote(order, 'd', 1, { spokeAtMs, keeps: 'me' }), order);
  });
});
