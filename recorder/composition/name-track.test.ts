import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameTrack } from './name-track.ts';

const RECT = { x: 0, y: 0, width: 640, height: 360 };

/** The events of a track with one name, without the tags that place it. */
function textOf(name: string): string[] {
  const track = nameTrack([{ text: name, rect: RECT, isCard: false, range: { from: 0, to: 30 } }]);
  const events = track.slice(track.indexOf('Dialogue:')).trimEnd().split('\n');
  return events.map((event) => event.replace(/^.*?\{.*?\}/, ''));
}

describe('names in a composed video', () => {
  it('threat 40: are shown as they are, whatever they would mean in a subtitle', () => {
    assert.deepEqual(textOf('Ann'), ['Ann']);
    assert.deepEqual(textOf('{\\fs400}'), ['\\{\\\u2060fs400\\}']);
    assert.deepEqual(textOf('a\nDialogue: 0,0:00:00.00'), ['a Dialogue: 0,0:00:00.00']);
    assert.deepEqual(textOf('\r\u2028\u0000x'), ['   x']);
    assert.deepEqual(textOf('مريم 😀'), ['مريم 😀']);
  });

  it('long ones are shortened by whole characters', () => {
    const [text = ''] = textOf('👩‍👩‍👧'.repeat(200));
    assert.match(text, /^(👩‍👩‍👧)+…$/u);
    assert.ok(text.length < 500);
  });

  it('begin and end with their frames', () => {
    const track = nameTrack([{ text: 'Ann', rect: RECT, isCard: true, range: { from: 0, to: 3690 } }]);
    assert.match(track, /Dialogue: 0,0:00:00\.00,0:02:02\.98,card,/);
  });
});
