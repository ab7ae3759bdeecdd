import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MicrophoneHint, MicrophoneJudge, type MicrophoneSample } from './microphone-judge.ts';

const ROOM = { peak: 0.0002, levelDb: -75 };
const SPEECH = { peak: 0.3, levelDb: -25 };
const NOTHING = { peak: 0, levelDb: -90 };
const STEP_MS = 100;

/** Feeds a judge with stretches of samples, and returns its hints with the time at which each began, in seconds. */
function run(
  ...stretches: Array<
    [seconds: number, sample: Omit<MicrophoneSample, 'nowMs' | 'mutedBySystem'>, system?: boolean]
  >
): Array<[MicrophoneHint | 'none', number]> {
  const judge = new MicrophoneJudge();
  const hints: Array<[MicrophoneHint | 'none', number]> = [];
  let nowMs = 0;
  for (const [seconds, sample, mutedBySystem = false] of stretches) {
    for (const endMs = nowMs + seconds * 1000; nowMs < endMs; nowMs += STEP_MS) {
      const hint = judge.judge({ nowMs, ...sample, mutedBySystem }) ?? 'none';
      if (hint !== (hints.at(-1)?.[0] ?? 'none')) {
        hints.push([hint, nowMs / 1000]);
      }
    }
  }
  return hints;
}

const on = (sample: typeof ROOM) => ({ ...sample, muted: false });
const muted = (sample: typeof ROOM) => ({ ...sample, muted: true });

describe('MicrophoneJudge', () => {
  it('has nothing to say about speech, or a quiet room for an hour', () => {
    assert.deepEqual(run([10, on(SPEECH)], [3600, on(ROOM)], [10, muted(ROOM)]), []);
  });

  it('notices speech while muted, says so once, and only repeats it later', () => {
    const hints = run(
      [5, muted(ROOM)],
      [3, muted(SPEECH)],
      [10, muted(ROOM)],
      [3, muted(SPEECH)],
      [40, muted(ROOM)],
      [3, muted(SPEECH)],
    );
    assert.deepEqual(hints, [
      ['speaking-muted', 5.5],
      ['none', 12.9],
      ['speaking-muted', 61.5],
    ]);
  });

  it('ignores a cough while muted, and speech once unmuted', () => {
    assert.deepEqual(run([5, muted(ROOM)], [0.3, muted(SPEECH)], [5, muted(ROOM)]), []);
    assert.deepEqual(run([2, muted(SPEECH)], [5, on(SPEECH)]), [
      ['speaking-muted', 0.5],
      ['none', 2],
    ]);
  });

  it('notices a microphone without any signal after ten seconds, until it has one', () => {
    assert.deepEqual(run([5, on(SPEECH)], [20, on(NOTHING)], [1, on(ROOM)]), [
      ['silent', 15],
      ['none', 25],
    ]);
    assert.deepEqual(run([60, muted(NOTHING)]), []);
  });

  it('notices that the system has muted the microphone, unless the user has too', () => {
    assert.deepEqual(run([3, on(ROOM)], [5, on(NOTHING), true], [5, on(ROOM)]), [
      ['muted-by-system', 4],
      ['none', 8],
    ]);
    assert.deepEqual(run([20, muted(NOTHING), true]), []);
  });
});
