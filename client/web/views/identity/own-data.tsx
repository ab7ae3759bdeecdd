import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { type AppModel, saveUrl } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';
import { useAct } from '../parts/use-act.ts';

/** Downloads what the server keeps of the user, and deletes it. */
export function OwnData({ model, onDeleted }: { model: AppModel; onDeleted(): void }) {
  const { ownData, common } = strings.value;
  const asked = useSignal(false);
  const typed = useSignal('');
  const { busy, problem, act } = useAct();
  const headingId = useId();
  const name = model.identity.value?.displayName ?? '';
  const download = () =>
    act(async () => saveUrl(await (await model.connected()).exportAccount(), 'canopy-account.zip'));
  const remove = () =>
    act(async () => {
      await (await model.connected()).deleteAccount();
      onDeleted();
      await model.forget();
      model.notices.say(strings.peek().ownData.deleted);
    });
  return (
    <section class="ownership" aria-labelledby={headingId}>
      <h3 id={headingId}>{ownData.heading}</h3>
      <p class="hint">{ownData.downloadHint}</p>
      <button
        type="button"
        data-testid="export-account"
        disabled={busy.value}
        onClick={() => void download()}
      >
        {ownData.download}
      </button>
      <p class="hint">{ownData.deleteHint}</p>
      {asked.value ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void remove();
          }}
        >
          <label class="field">
            {ownData.confirm(name)}
            <input
              data-testid="delete-account-name"
              dir="auto"
              autocomplete="off"
              value={typed.value}
              onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
            />
          </label>
          <div class="row">
            <button
              type="submit"
              class="primary danger"
              data-testid="delete-account-now"
              disabled={busy.value || typed.value.trim() !== name}
            >
              {ownData.deleteNow}
            </button>
            <button type="button" onClick={() => (asked.value = false)}>
              {common.cancel}
            </button>
          </div>
        </form>
      ) : (
        <button
          type="button"
          class="danger-outline"
          data-testid="delete-account"
          onClick={() => (asked.value = true)}
        >
          {ownData.delete}…
        </button>
      )}
      <Problem error={problem.value} />
    </section>
  );
}
