import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { PollDraft, PollsModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { IconButton } from '../parts/icon-button.tsx';
import { CloseIcon, PlusIcon } from '../parts/icons.tsx';
import { Problem } from '../parts/problem.tsx';
import { useAct } from '../parts/use-act.ts';

const MIN_ANSWERS = 2;
const MAX_ANSWERS = 12;
const MAX_QUESTION = 300;
const MAX_ANSWER = 100;
/** How long polls may stay open, in minutes. */
const DURATIONS = [1, 2, 5, 10, 30, 60] as const;

/** The poll that the user writes. */
export function PollForm({ model, draft }: { model: PollsModel; draft: PollDraft }) {
  const { polls, common } = strings.value;
  const { busy, problem, act } = useAct();
  const form = useRef<HTMLFormElement>(null);
  const change = (changed: Partial<PollDraft>) => {
    model.draft.value = { ...draft, ...changed };
  };
  useEffect(() => form.current?.querySelector('textarea')?.focus(), []);
  const isAdding = useRef(false);
  // Before the browser handles the next key.
  useLayoutEffect(() => {
    if (isAdding.current) {
      isAdding.current = false;
      answerInputs(form.current).at(-1)?.focus();
    }
  }, [draft.answers.length]);
  const answers = draft.answers.map((answer) => answer.trim()).filter((answer) => answer !== '');
  const isReady =
    draft.question.trim() !== '' && answers.length >= MIN_ANSWERS && new Set(answers).size === answers.length;
  const submit = (ask: boolean) => act(() => model.submit({ ...draft, answers }, ask));
  const setAnswer = (index: number, text: string) =>
    change({ answers: draft.answers.map((answer, at) => (at === index ? text : answer)) });
  const add = () => {
    isAdding.current = true;
    change({ answers: [...draft.answers, ''] });
  };
  /** Enter leads to the next answer, and from the last one to a new one. */
  const pressed = (event: KeyboardEvent, index: number) => {
    if (event.key !== 'Enter' || event.isComposing) {
      return;
    }
    event.preventDefault();
    if (index + 1 < draft.answers.length) {
      answerInputs(form.current)[index + 1]?.focus();
    } else if (draft.answers.length < MAX_ANSWERS && draft.answers[index]?.trim()) {
      add();
    }
  };
  return (
    <form
      ref={form}
      class="poll-form"
      aria-label={draft.pollId === undefined ? polls.newTitle : polls.editTitle}
      onSubmit={(event) => {
        event.preventDefault();
        void submit(true);
      }}
    >
      <label class="field">
        {polls.question}
        <textarea
          dir="auto"
          data-testid="poll-question"
          rows={2}
          maxLength={MAX_QUESTION}
          value={draft.question}
          onInput={(event) => change({ question: event.currentTarget.value })}
        />
      </label>
      <fieldset class="choices">
        <legend>{polls.answers}</legend>
        {draft.answers.map((answer, index) => (
          <div key={index} class="poll-field">
            <input
              dir="auto"
              data-testid="poll-answer-text"
              aria-label={polls.answer(index + 1)}
              placeholder={polls.answer(index + 1)}
              maxLength={MAX_ANSWER}
              value={answer}
              onInput={(event) => setAnswer(index, event.currentTarget.value)}
              onKeyDown={(event) => pressed(event, index)}
            />
            {draft.answers.length > MIN_ANSWERS && (
              <IconButton
                label={polls.removeAnswer(index + 1)}
                onClick={() => change({ answers: draft.answers.filter((_, at) => at !== index) })}
              >
                <CloseIcon />
              </IconButton>
            )}
          </div>
        ))}
        {draft.answers.length < MAX_ANSWERS && (
          <button type="button" class="quiet poll-add" data-testid="poll-add-answer" onClick={add}>
            <PlusIcon />
            {polls.addAnswer}
          </button>
        )}
      </fieldset>
      <CheckField
        testId="poll-multiple"
        label={polls.multipleField}
        checked={draft.multiple ?? false}
        onChange={(multiple) => change({ multiple })}
      />
      <CheckField
        testId="poll-anonymous"
        label={polls.anonymousField}
        checked={draft.anonymous ?? false}
        onChange={(anonymous) => change({ anonymous })}
      />
      <label class="field">
        {polls.resultsField}
        <select
          data-testid="poll-results"
          value={draft.results ?? 'always'}
          onChange={(event) => change({ results: event.currentTarget.value as 'always' })}
        >
          {(['always', 'voted', 'closed'] as const).map((results) => (
            <option key={results} value={results}>
              {polls.results[results]}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        {polls.durationField}
        <select
          data-testid="poll-duration"
          value={String((draft.closeAfterSeconds ?? 0) / 60)}
          onChange={({ currentTarget }) => {
            const { closeAfterSeconds: _before, ...others } = draft;
            const minutes = Number(currentTarget.value);
            model.draft.value = { ...others, ...(minutes > 0 && { closeAfterSeconds: minutes * 60 }) };
          }}
        >
          <option value="0">{polls.byHand}</option>
          {DURATIONS.map((minutes) => (
            <option key={minutes} value={String(minutes)}>
              {polls.after(minutes)}
            </option>
          ))}
        </select>
      </label>
      <Problem error={problem.value} />
      <div class="row">
        <button type="submit" class="primary" data-testid="poll-ask" disabled={busy.value || !isReady}>
          {polls.ask}
        </button>
        <button
          type="button"
          data-testid="poll-save-draft"
          disabled={busy.value || !isReady}
          onClick={() => void submit(false)}
        >
          {polls.saveDraft}
        </button>
        <button type="button" class="quiet" onClick={() => (model.draft.value = undefined)}>
          {common.cancel}
        </button>
      </div>
    </form>
  );
}

function answerInputs(form: HTMLFormElement | null): HTMLInputElement[] {
  return [...(form?.querySelectorAll<HTMLInputElement>('.poll-field input') ?? [])];
}
