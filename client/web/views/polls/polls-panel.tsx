import type { Poll } from '../../../sdk/index.ts';
import type { Call, PollsModel } from '../../model/index.ts';
import { loadLateStrings, strings } from '../../strings/index.ts';
import { PlusIcon } from '../parts/icons.tsx';
import { EmptyPoll } from '../parts/illustrations.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { PollCard } from './poll-card.tsx';
import { PollForm } from './poll-form.tsx';
import '../../styles/polls.css';

const ReadablePollsHint = lazyView(async () => {
  await loadLateStrings();
  return (await import('../encryption/encrypted-hints.tsx')).ReadablePollsHint;
});

/** The polls of a call: those that are open, drafts, and closed ones; or the one that the user writes. */
export function PollsPanel({ call }: { call: Call }) {
  const model = call.polls;
  const draft = model.draft.value;
  return (
    <div class="polls" data-testid="polls">
      {call.room.encryption?.state && <ReadablePollsHint />}
      {draft ? <PollForm model={model} draft={draft} /> : <PollLists model={model} />}
    </div>
  );
}

function PollLists({ model }: { model: PollsModel }) {
  const { polls } = strings.value;
  const state = model.state.value;
  const list = model.list.value;
  return (
    <>
      {model.mayCreate.value && (
        <button type="button" class="primary" data-testid="poll-new" onClick={() => model.write()}>
          <PlusIcon />
          {polls.create}
        </button>
      )}
      {state === 'failed' && (
        <p class="problem" role="alert">
          {polls.loadFailed}
        </p>
      )}
      {state === 'loading' && <p class="hint">{polls.loading}</p>}
      {state === 'ready' && list.length === 0 && (
        <div class="polls-empty">
          <EmptyPoll />
          <p>{polls.empty}</p>
          <p class="hint">{model.mayCreate.value ? polls.emptyHint : polls.emptyViewer}</p>
        </div>
      )}
      {(['open', 'draft', 'closed'] as const).map((status) => (
        <PollList
          key={status}
          model={model}
          heading={{ open: polls.open, draft: polls.drafts, closed: polls.closed }[status]}
          list={list.filter((poll) => poll.status === status)}
        />
      ))}
      {model.hasOlder.value && (
        <button
          type="button"
          class="quiet"
          data-testid="polls-older"
          onClick={() => void model.try(() => model.polls.loadOlder())}
        >
          {polls.older}
        </button>
      )}
    </>
  );
}

function PollList({ model, heading, list }: { model: PollsModel; heading: string; list: readonly Poll[] }) {
  return list.length === 0 ? null : (
    <section class="polls-section">
      <h3>{heading}</h3>
      {list.map((poll) => (
        <PollCard key={poll.pollId} model={model} poll={poll} />
      ))}
    </section>
  );
}
