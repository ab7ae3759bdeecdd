import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Poll } from '../../../sdk/index.ts';
import type { PollsModel } from '../../model/index.ts';
import { language, strings } from '../../strings/index.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { DownloadIcon, EditIcon, MoreIcon, ReplyIcon, TrashIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { TimeLeft } from '../parts/time-left.tsx';
import { saveResults } from './save-results.ts';

interface PollProps {
  model: PollsModel;
  poll: Poll;
}

/** A poll with its answers, and its results as far as this user may see them. */
export function PollCard({ model, poll }: PollProps) {
  const { polls } = strings.value;
  const questionId = useId();
  const deleting = useSignal(false);
  const mayChange = model.polls.mayChange(poll);
  return (
    <article class="poll" data-testid="poll" aria-labelledby={questionId}>
      <header class="poll-header">
        <h4 id={questionId} dir="auto">
          {poll.question}
        </h4>
        <PollMenu model={model} poll={poll} onDelete={() => (deleting.value = true)} />
      </header>
      <p class="poll-facts">
        <span dir="auto">
          {model.isOwn(poll) ? polls.byYou : polls.by(poll.author?.displayName ?? polls.deletedAccount)}
        </span>
        <span>{poll.anonymous ? polls.anonymous : polls.named}</span>
        {poll.multiple && <span>{polls.several}</span>}
        {poll.closesAtMs !== undefined && <TimeLeft untilMs={poll.closesAtMs} text={polls.closesIn} />}
      </p>
      {poll.status === 'open' && model.mayVote.value ? (
        <Ballot model={model} poll={poll} questionId={questionId} />
      ) : (
        <ul class="poll-answers">
          {poll.answers.map((answer, index) => (
            <li key={answer} class="poll-answer">
              <Answer poll={poll} index={index} isChosen={poll.vote?.includes(index) ?? false} />
            </li>
          ))}
        </ul>
      )}
      {poll.status !== 'draft' && <Summary model={model} poll={poll} />}
      {mayChange && poll.status !== 'closed' && (
        <div class="row">
          {poll.status === 'draft' ? (
            <button
              type="button"
              class="small primary"
              data-testid="poll-open"
              onClick={() => void model.try(() => model.polls.open(poll.pollId))}
            >
              {polls.openNow}
            </button>
          ) : (
            <button
              type="button"
              class="small"
              data-testid="poll-close"
              onClick={() => void model.try(() => model.polls.close(poll.pollId))}
            >
              {polls.close}
            </button>
          )}
        </div>
      )}
      {deleting.value && (
        <FormDialog
          title={polls.confirmDelete}
          submit={{ label: polls.deleteNow, testId: 'poll-delete-now', danger: true }}
          ready
          act={() => model.polls.delete(poll.pollId)}
          onClose={() => (deleting.value = false)}
        >
          <p dir="auto">{polls.deleteHint(poll.question)}</p>
        </FormDialog>
      )}
    </article>
  );
}

function PollMenu({ model, poll, onDelete }: PollProps & { onDelete(): void }) {
  const { polls } = strings.value;
  const mayChange = model.polls.mayChange(poll);
  const mayAskAgain = model.mayCreate.value && poll.status === 'closed';
  const maySave = mayChange && poll.counts !== undefined && poll.status !== 'draft';
  if (!mayChange && !mayAskAgain) {
    return null;
  }
  return (
    <MenuButton
      label={polls.actions(poll.question)}
      testId="poll-menu"
      icon={<MoreIcon />}
      buttonClass="icon-button"
    >
      {poll.status === 'draft' && (
        <MenuItem testId="poll-edit" icon={<EditIcon />} onSelect={() => model.edit(poll)}>
          {polls.edit}
        </MenuItem>
      )}
      {mayAskAgain && (
        <MenuItem testId="poll-again" icon={<ReplyIcon />} onSelect={() => model.write(poll)}>
          {polls.askAgain}
        </MenuItem>
      )}
      {maySave && (
        <MenuItem
          testId="poll-save"
          icon={<DownloadIcon />}
          onSelect={() => void model.try(() => saveResults(model, poll))}
        >
          {polls.saveResults}
        </MenuItem>
      )}
      {mayChange && (
        <MenuItem testId="poll-delete" danger icon={<TrashIcon />} onSelect={onDelete}>
          {polls.delete}
        </MenuItem>
      )}
    </MenuButton>
  );
}

/** The answers to choose from, as radio buttons or checkboxes. */
function Ballot({ model, poll, questionId }: PollProps & { questionId: string }) {
  const { polls } = strings.value;
  const busy = useSignal(false);
  const { vote = [] } = poll;
  const choice = model.choice(poll);
  const isChanged = choice.join() !== vote.join();
  const send = async (answers?: readonly number[]) => {
    busy.value = true;
    await model.vote(poll, answers);
    busy.value = false;
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <fieldset
        class="poll-answers"
        role={poll.multiple ? 'group' : 'radiogroup'}
        aria-labelledby={questionId}
      >
        {poll.answers.map((answer, index) => (
          <label key={answer} class="poll-answer choosable">
            <input
              type={poll.multiple ? 'checkbox' : 'radio'}
              name={poll.pollId}
              data-testid="poll-answer"
              checked={choice.includes(index)}
              onChange={(event) => model.choose(poll, index, event.currentTarget.checked)}
            />
            <Answer poll={poll} index={index} isChosen={vote.includes(index)} />
          </label>
        ))}
      </fieldset>
      <div class="row poll-send">
        {(vote.length === 0 || isChanged) && (
          <button
            type="submit"
            class="small primary"
            data-testid="poll-vote"
            disabled={busy.value || choice.length === 0}
          >
            {vote.length === 0 ? polls.vote : polls.change}
          </button>
        )}
        {vote.length > 0 && !isChanged && (
          <>
            <span class="hint" role="status" data-testid="poll-voted">
              {polls.voted}
            </span>
            <button
              type="button"
              class="quiet"
              data-testid="poll-take-back"
              disabled={busy.value}
              onClick={() => void send([])}
            >
              {polls.takeBack}
            </button>
          </>
        )}
      </div>
    </form>
  );
}

/** An answer, and how many chose it. */
function Answer({ poll, index, isChosen }: { poll: Poll; index: number; isChosen: boolean }) {
  const { polls } = strings.value;
  const { counts, voters } = poll;
  const count = counts?.[index] ?? 0;
  const share = voters === 0 ? 0 : count / voters;
  const isLeading =
    counts !== undefined && poll.status === 'closed' && count > 0 && count === Math.max(...counts);
  const percent = new Intl.NumberFormat(language.value, { style: 'percent' }).format(share);
  return (
    <span class={isLeading ? 'poll-text leading' : 'poll-text'}>
      <span class="poll-words">
        <span dir="auto">{poll.answers[index]}</span>
        {isChosen && <span class="poll-chosen">{polls.chosen}</span>}
      </span>
      {counts && (
        <>
          <span class="poll-count" data-testid="poll-count">
            {polls.votes(count, percent)}
          </span>
          <span class="poll-bar" aria-hidden="true">
            <span style={{ inlineSize: `${share * 100}%` }} />
          </span>
        </>
      )}
    </span>
  );
}

/** How many voted, who, and when the results are seen. */
function Summary({ model, poll }: PollProps) {
  const { polls } = strings.value;
  const { results, status, counts, voters, anonymous } = poll;
  const hint =
    status === 'open' && results !== 'always'
      ? counts === undefined
        ? polls.later[results]
        : model.isOwn(poll)
          ? polls.authorSees[results]
          : undefined
      : undefined;
  const names = model.voters.value.get(poll.pollId);
  return (
    <>
      <p class="hint" data-testid="poll-voters">
        {voters === 0 ? polls.nobodyVoted : polls.voters(voters)}
      </p>
      {hint !== undefined && <p class="hint">{hint}</p>}
      {status === 'open' && !model.mayVote.value && <p class="hint">{polls.mayNotVote}</p>}
      {counts && !anonymous && voters > 0 && (
        <details
          class="poll-names"
          data-testid="poll-names"
          onToggle={(event) => model.showVoters(poll, event.currentTarget.open)}
        >
          <summary>{polls.whoVoted}</summary>
          <dl>
            {poll.answers.map((answer, index) => (
              <div key={answer}>
                <dt dir="auto">{answer}</dt>
                <dd>
                  {names?.[index]?.length ? (
                    names[index].map(({ accountId, displayName }) => (
                      <bdi key={accountId} class="poll-name">
                        {displayName}
                      </bdi>
                    ))
                  ) : (
                    <span class="hint">{names ? polls.nobody : ''}</span>
                  )}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}
