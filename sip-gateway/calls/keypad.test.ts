import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Keypad, type KeyWay } from './keypad.ts';

/** What counts of `reports`: `[time in milliseconds, key, way, released?]`. */
function pressed(...reports: Array<[atMs: number, key: string, way: KeyWay, released?: boolean]>): string {
  let keys = '';
  const keypad = new Keypad((key) => {
    keys += key;
  });
  for (const [atMs, key, way, released] of reports) {
    keypad[released ? 'release' : 'press'](key, way, atMs);
  }
  return keys;
}

describe('keys that a phone sends in several ways', () => {
  it('a press counts once, whichever way reports it first, and so do several in a row', () => {
    assert.equal(pressed([0, '5', 'event'], [20, '5', 'info'], [90, '5', 'event', true]), '5');
    assert.equal(pressed([0, '5', 'info'], [20, '5', 'tone'], [90, '5', 'tone', true]), '5');
    assert.equal(pressed([0, '5', 'info'], [20, '5', 'event'], [30, '5', 'tone']), '5');
    const event = [0, 150, 300].flatMap(
      (atMs): Parameters<typeof pressed> => [
        [atMs, '5', 'event'],
        [atMs + 80, '5', 'event', true],
      ],
    );
    const info = [310, 320, 330].map((atMs): [number, string, KeyWay] => [atMs, '5', 'info']);
    assert.equal(pressed(...event, ...info), '555');
  });

  it('repeated presses by one way all count', () => {
    assert.equal(pressed([0, '5', 'info'], [100, '5', 'info'], [200, '5', 'info']), '555');
    assert.equal(pressed([0, '1', 'event'], [90, '2', 'event'], [180, '1', 'event']), '121');
  });

  it('an INFO that follows the release of a key that was held for long is the same press', () => {
    assert.equal(pressed([0, '5', 'event'], [3000, '5', 'event', true], [3050, '5', 'info']), '5');
  });

  it('the same key by another way, long after the press, is a new one', () => {
    assert.equal(pressed([0, '5', 'event'], [100, '5', 'event', true], [900, '5', 'info']), '55');
  });
});
