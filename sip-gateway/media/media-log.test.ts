import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MediaLog, type MediaLogLine } from './media-log.ts';

function collect(level: string | undefined): { log: MediaLog; lines: MediaLogLine[] } {
  const lines: MediaLogLine[] = [];
  return { log: MediaLog.create((line) => lines.push(line), level), lines };
}

test('a line carries the fields of its logger, and an error as text', () => {
  const { log, lines } = collect('info');
  const fault = new Error('broken');
  log.child({ thread: 3 }).child({ legId: 'a' }).error({ err: fault }, 'failed');
  assert.deepEqual(lines, [
    { level: 'error', fields: { thread: 3, legId: 'a', error: fault.stack }, text: 'failed' },
  ]);
});

test('lines below the level are not posted; without a level, none are', () => {
  for (const [level, count] of [
    ['trace', 4],
    ['debug', 4],
    ['warn', 2],
    ['fatal', 0],
    ['silent', 0],
    [undefined, 0],
  ] as const) {
    const { log, lines } = collect(level);
    for (const write of ['debug', 'info', 'warn', 'error'] as const) {
      log[write]({}, write);
    }
    assert.equal(lines.length, count, level);
  }
});

test('a flood of lines is limited, does not crowd out errors, and is counted', (t) => {
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const { log, lines } = collect('debug');
  const leg = log.child({ legId: 'a' });
  for (let i = 0; i < 1_000; i++) {
    leg.debug({}, 'refused');
  }
  assert.equal(lines.length, 50);
  leg.error({}, 'fault');
  assert.deepEqual(lines.at(-1)?.fields, { legId: 'a', suppressed: 950 });
  nowMs = 10_001;
  log.debug({}, 'refused');
  assert.deepEqual(lines.at(-1), { level: 'debug', fields: {}, text: 'refused' });
});
