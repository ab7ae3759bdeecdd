import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { WaitingPerson } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';

const MINUTE_MS = 60_000;

/** The people who wait to be let in, longest-waiting first; nothing if nobody does. */
export function WaitingPeople({ call }: { call: Call }) {
  const words = strings.value.waiting;
  const people = call.waiting.people.value;
  const nowMs = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (nowMs.value = Date.now()), MINUTE_MS / 4);
    return () => clearInterval(timer);
  }, []);
  const ids = people.map(({ waitId }) => waitId);
  const denyAll = () => {
    if (confirm(words.confirmDenyAll(people.length))) {
      void call.waiting.deny(ids);
    }
  };
  if (people.length === 0) {
    return null;
  }
  return (
    <section class="waiting-list" data-testid="waiting-list" aria-label={words.heading}>
      <h3>{words.heading}</h3>
      {people.length > 1 && (
        <div class="row">
          <button
            type="button"
            class="primary small"
            data-testid="admit-all"
            onClick={() => void call.waiting.admit(ids)}
          >
            {words.admitAll}
          </button>
          <button type="button" class="small" data-testid="deny-all" onClick={denyAll}>
            {words.denyAll}
          </button>
        </div>
      )}
      <ul>
        {people.map((person) => (
          <Person key={person.waitId} call={call} person={person} nowMs={nowMs.value} />
        ))}
      </ul>
    </section>
  );
}

/** What the server knows of somebody. A name alone is no proof of anything. */
function standingOf({ accountId, role, uninvited }: WaitingPerson): string {
  const words = strings.value.waiting;
  if (accountId === undefined) {
    return uninvited ? words.uninvited : words.guest;
  }
  return role === 'guest' ? words.knownGuest : words.verified;
}

function Person({ call, person, nowMs }: { call: Call; person: WaitingPerson; nowMs: number }) {
  const words = strings.value.waiting;
  const { waitId, displayName, sinceMs } = person;
  const minutes = Math.max(0, Math.floor((nowMs - sinceMs) / MINUTE_MS));
  return (
    <li data-testid="waiting-person">
      <span class="who">
        <strong dir="auto">{displayName}</strong>
        <span class="hint">
          {standingOf(person)} · {words.since(minutes)}
        </span>
      </span>
      <button
        type="button"
        class="primary small"
        data-testid="admit"
        aria-label={words.admitNamed(displayName)}
        onClick={() => void call.waiting.admit([waitId])}
      >
        {words.admit}
      </button>
      <button
        type="button"
        class="small"
        data-testid="deny"
        aria-label={words.denyNamed(displayName)}
        onClick={() => void call.waiting.deny([waitId])}
      >
        {words.deny}
      </button>
    </li>
  );
}
