import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import type { Outcome } from './outcome.ts';

/** What node:test itself tells at the end of a file. */
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/**
 * The node:test reporter that every test file runs under: a line of JSON when a test begins, `{ begun }`, one for what it
 * tells by `t.diagnostic()`, `{ told }`, and an {@link Outcome} when one has ended. Suites are only reported when they fail by
 * themselves, in a hook for example.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  for await (const event of events) {
    if (event.type === 'test:dequeue') {
      yield `${JSON.stringify({ begun: event.data.name })}\n`;
    }
    if (event.type === 'test:diagnostic' && !SUMMARY.test(event.data.message)) {
      yield `${JSON.stringify({ told: event.data.message })}\n`;
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
  // What failed inside is reported for itself.
  if ((error as { failureType?: string }).failureType === 'subtestsFailed') {
    return undefined;
  }
  return { name, result: 'failed', durationMs, reason: inspect(error.cause ?? error, { depth: 6 }) };
}
