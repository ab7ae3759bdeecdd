import { useSignal } from '@preact/signals';
import type { OperatorAnswer } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { AnswerList, Entry } from './answer-list.tsx';
import { dayAndTime } from './figures.ts';
import { useNames } from './use-names.ts';
import { LIST_MS, useWatched } from './use-watched.ts';

type AuditEntry = OperatorAnswer<'GET /api/audit'>['entries'][number];

/** What the server accepts as a name of an action. */
const ACTION = /^[A-Za-z.]{1,64}\*?$/;

/** Who administered the server, or moderated its rooms. */
export function Audit({ model }: { model: AppModel }) {
  const words = lateStrings().console;
  // What is being typed stays when the list is loaded meanwhile.
  const typed = useSignal('');
  const action = useSignal('');
  const usable = ACTION.test(action.value) ? action.value : undefined;
  const watched = useWatched(model, 'GET /api/audit', LIST_MS, { query: { limit: 1000, action: usable } });
  const nameOf = useNames(model);
  return (
    <>
      <label class="field console-filter">
        {words.action}
        <input
          type="search"
          data-testid="filter"
          autocapitalize="off"
          spellcheck={false}
          maxLength={65}
          aria-describedby="action-hint"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
          onChange={() => {
            action.value = typed.value.trim();
          }}
        />
        <span class="hint" id="action-hint">
          {words.actionHint}
        </span>
      </label>
      <AnswerList
        heading={words.sections.audit}
        headed={false}
        testId="audit"
        watched={watched}
        entriesOf={({ entries }) => entries}
        keyOf={({ entryId }) => entryId}
        empty={words.noEntries}
      >
        {(entry) => (
          <Entry
            name={<code>{entry.action}</code>}
            marks={[
              entry.outcome !== 'ok' && words.refused(entry.outcome),
              entry.count > 1 && words.times(entry.count),
            ]}
            facts={factsOf(entry, nameOf)}
          />
        )}
      </AnswerList>
    </>
  );
}

function factsOf(
  { atMs, actor, roomId, accountId, details }: AuditEntry,
  nameOf: (accountId: string) => string,
): Array<string | undefined> {
  const words = lateStrings().console;
  return [
    dayAndTime(atMs),
    [words.actors[actor.kind], actor.name].filter(Boolean).join(' '),
    actor.address ?? undefined,
    roomId === null ? undefined : words.inRoom(roomId),
    accountId === null ? undefined : words.onAccount(nameOf(accountId)),
    details === null ? undefined : JSON.stringify(details),
  ];
}
