import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import type { Outcome } from './outcome.ts';

/** node:test's own summary at the end of a file. */
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/**
 * The node:test reporter that every test file runs under. It prints lines of JSON: `{ started }` when a test starts, `{ figure }` for each
 * `t.diagnostic()`, and an {@link Outcome} when a test has ended. Suites are reported only if they fail themselves, for example in a hook.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  for await (const event of events) {
    if (event.type === 'test:dequeue') {
      yield `${JSON.stringify({ started: event.data.name })}\n`;
    }
    if (event.type === 'test:diagnostic' && !SUMMARY.test(event.data.message)) {
      yield `${JSON.stringify({ figure: event.data.message })}\n`;
    }
    if (event.type === 'test:start') {
      path.splice(event.data.nesting, path.length, event.data.name);
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') {
      continue;
    }
    const outcome = outcomeOf(event, path.slice(0, event.data.nesting + 1).join(' › '));
    if (outcome !== undefined) {
      yield `${JSON.stringify(outcome)}\n`;
    }
  }
}

function outcomeOf(
  event: Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>,
  name: string,
): Outcome | undefined {
  const { details, skip, todo } = event.data;
  const durationMs = details.duration_ms;
  if (skip !== undefined && skip !== false) {
    return {
      name,
      result: 'skipped',
      durationMs,
      reason: skip === true || skip === '' ? 'no reason given' : skip,
    };
  }
  if (todo !== undefined && todo !== false) {
    return { name, result: 'skipped', durationMs, reason: 'not written yet' };
  }
  if (event.type === 'test:pass') {
    return details.type === 'suite' ? undefined : { name, result: 'passed', durationMs };
  }
  const { error } = event.data.details;
  // The failures inside are reported separately.
  if ((error as { failureType?: string }).failureType === 'subtestsFailed') {
    return undefined;
  }
  return { name, result: 'failed', durationMs, reason: inspect(error.cause ?? error, { depth: 6 }) };
}
