import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import type { Watched } from '../../model/on-demand/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';

/** How many entries are shown at first, and added by “Show more”. */
const PAGE = 50;

/** A heading with a list of what the server answered: loading, not loaded, empty, or its entries. */
export function AnswerList<T, E>({
  heading,
  headed = true,
  testId,
  watched,
  entriesOf,
  keyOf,
  empty,
  children,
}: {
  heading: string;
  /** Whether the heading is shown: not if the page has the same. */
  headed?: boolean;
  testId: string;
  watched: Watched<T>;
  entriesOf(answer: T): readonly E[];
  keyOf(entry: E): string;
  empty: string;
  children(entry: E): JSX.Element;
}) {
  const shown = useSignal(PAGE);
  const answer = watched.value.value;
  const entries = answer === undefined ? undefined : entriesOf(answer);
  return (
    <section class="console-part" aria-label={heading} data-testid={testId} aria-busy={entries === undefined}>
      {headed && <h2>{heading}</h2>}
      <LoadProblem watched={watched} />
      {entries?.length === 0 && <p class="hint">{empty}</p>}
      {entries !== undefined && entries.length > 0 && (
        <ul class="console-list">
          {entries.slice(0, shown.value).map((entry) => (
            <li key={keyOf(entry)} data-testid="entry" data-key={keyOf(entry)}>
              {children(entry)}
            </li>
          ))}
        </ul>
      )}
      {entries !== undefined && entries.length > shown.value && (
        <button type="button" class="quiet" onClick={() => (shown.value += PAGE)}>
          {lateStrings().console.showMore}
        </button>
      )}
    </section>
  );
}

/** Why something could not be loaded. What was loaded before stays. */
export function LoadProblem({ watched }: { watched: Pick<Watched<unknown>, 'problem' | 'load'> }) {
  return watched.problem.value ? (
    <div class="load-problem">
      <Problem error={watched.problem.value} />
      <button type="button" class="quiet" onClick={() => void watched.load()}>
        {strings.value.home.tryAgain}
      </button>
    </div>
  ) : null;
}

/** An entry: what it is, what is known about it, and what can be done. */
export function Entry({
  name,
  marks = [],
  facts = [],
  children,
}: {
  name: ComponentChildren;
  /** What stands out about it; what is undefined is left out. */
  marks?: ReadonlyArray<string | undefined | false>;
  facts?: ReadonlyArray<string | undefined | false>;
  /** The actions. */
  children?: ComponentChildren;
}) {
  return (
    <div class="console-entry">
      <div class="console-about">
        <p class="console-name">
          <bdi>{name}</bdi>
          {marks.filter(Boolean).map((mark) => (
            <span key={mark} class="console-mark">
              {mark}
            </span>
          ))}
        </p>
        <p class="hint">
          {facts.filter(Boolean).map((fact) => (
            <span key={fact} class="console-fact" dir="auto">
              {fact}
            </span>
          ))}
        </p>
      </div>
      {children && <div class="row console-actions">{children}</div>}
    </div>
  );
}

/** A name with its value. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
