import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { CanopyError, type CallSettings as Settings } from '../../../sdk/index.ts';
import type { AppModel, PushModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { Problem } from '../parts/problem.tsx';

/** Loaded when the settings are first opened. */
const Forwarding = lazyView(async () => (await import('./forwarding.tsx')).Forwarding);
const OwnPhones = lazyView(async () => (await import('./own-phones.tsx')).OwnPhones);

const CHOICES_DAYS = [7, 30, 90, 365] as const;

type BlockedPeople = Awaited<ReturnType<NonNullable<AppModel['client']['value']>['calls']['blocked']>>;

/** Whether this device is notified while no page is open. */
function NotifyAway({ push }: { push: PushModel }) {
  const { calls } = strings.value;
  useEffect(() => void push.load(), [push]);
  return (
    <>
      <CheckField
        testId="notify-away"
        label={calls.notifyAway}
        checked={push.on.value}
        disabled={push.busy.value}
        onChange={(on) => void push.set(on)}
      />
      {push.denied.value && (
        <p class="problem" role="alert">
          {calls.notifyBlocked}
        </p>
      )}
      <Problem error={push.problem.value} />
    </>
  );
}

/** Who may call this user, and how they are told of it. */
export function CallSettings({ model, onClose }: { model: AppModel; onClose(): void }) {
  const { calls, common } = strings.value;
  const settings = model.calls.settings.value;
  const blocked = useSignal<BlockedPeople>([]);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const attempt = async (act: () => Promise<unknown>) => {
    problem.value = undefined;
    try {
      await act();
    } catch (error) {
      problem.value = CanopyError.from(error);
    }
  };
  const client = () => model.connected();
  const configure = (change: Partial<Settings>) =>
    void attempt(async () => (await client()).calls.configure(change));
  const loadBlocked = async () => {
    blocked.value = await (await client()).calls.blocked();
  };
  useEffect(() => void attempt(loadBlocked), []);
  return (
    <Dialog title={calls.settings} onClose={onClose}>
      <label class="field">
        {calls.callsFrom}
        <select
          data-testid="calls-from"
          value={settings?.callsFrom}
          disabled={!settings}
          onChange={({ currentTarget: { value } }) =>
            configure({ callsFrom: value as Settings['callsFrom'] })
          }
        >
          {(['everyone', 'contacts', 'nobody'] as const).map((each) => (
            <option key={each} value={each}>
              {calls[each]}
            </option>
          ))}
        </select>
      </label>
      <CheckField
        testId="do-not-disturb"
        label={calls.doNotDisturb}
        checked={settings?.doNotDisturb ?? false}
        disabled={!settings}
        onChange={(doNotDisturb) => configure({ doNotDisturb })}
      />
      {'Notification' in window && (
        <CheckField
          testId="notify-calls"
          label={calls.notify}
          checked={model.calls.notifies.value}
          onChange={(on) => void model.calls.setNotifies(on)}
        />
      )}
      {model.push.isSupported && <NotifyAway push={model.push} />}
      {settings && <Forwarding model={model} settings={settings} />}
      {model.calls.dialsNumbers.value && <OwnPhones model={model} />}
      <label class="field">
        {calls.historyDays}
        <select
          data-testid="history-days"
          value={settings?.historyDays}
          disabled={!settings}
          onChange={({ currentTarget: { value } }) =>
            configure({ historyDays: Number(value) as Settings['historyDays'] })
          }
        >
          {CHOICES_DAYS.map((days) => (
            <option key={days} value={days}>
              {calls.days(days)}
            </option>
          ))}
        </select>
      </label>
      {blocked.value.length > 0 && (
        <section class="settings-section">
          <h3>{calls.blocked}</h3>
          <ul class="blocked-people">
            {blocked.value.map(({ accountId, displayName }) => (
              <li key={accountId} class="row">
                <span dir="auto">{displayName}</span>
                <button
                  type="button"
                  class="small"
                  aria-label={calls.unblockNamed(displayName)}
                  onClick={() =>
                    void attempt(async () => {
                      await (await client()).calls.block(accountId, false);
                      await loadBlocked();
                    })
                  }
                >
                  {calls.unblock}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Problem error={problem.value} />
      <CloseButton label={common.done} />
    </Dialog>
  );
}
