import { type Signal, useSignal } from '@preact/signals';
import { type CallSettings, CanopyError } from '../../../sdk/index.ts';
import { type AppModel, callableNumber, callUrl, readCallAddress } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';

type Targets = NonNullable<CallSettings['forwarding']>;

const RULES = ['always', 'busy', 'unanswered'] as const;
type Rule = (typeof RULES)[number];
/** How long it may ring before the call goes on, in seconds. */
const CHOICES_SECONDS = [10, 15, 20, 30, 45];
const DEFAULT_SECONDS = 20;

/** Where the user's calls go, in the call settings. */
export function Forwarding({ model, settings }: { model: AppModel; settings: CallSettings }) {
  const { forwarding } = strings.value;
  const { forwarding: current = {} } = settings;
  const fields = {
    always: useSignal(shown(current.always?.to, model)),
    busy: useSignal(shown(current.busy?.to, model)),
    unanswered: useSignal(shown(current.unanswered?.to, model)),
  };
  const seconds = useSignal(current.unanswered?.afterSeconds ?? DEFAULT_SECONDS);
  const unusable = useSignal<Rule | undefined>(undefined);
  const state = useSignal<'changed' | 'saving' | 'saved' | undefined>(undefined);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const save = async () => {
    problem.value = undefined;
    const addresses = RULES.map((rule) => [rule, addressIn(fields[rule].value, model)] as const);
    unusable.value = addresses.find(([, address]) => address === 'unusable')?.[0];
    if (unusable.value) {
      return;
    }
    const { always, busy, unanswered } = Object.fromEntries(addresses) as Record<Rule, string | undefined>;
    const targets: Targets = {
      ...(always !== undefined && { always: { to: always } }),
      ...(busy !== undefined && { busy: { to: busy } }),
      ...(unanswered !== undefined && { unanswered: { to: unanswered, afterSeconds: seconds.value } }),
    };
    state.value = 'saving';
    try {
      await (await model.connected()).calls.configure({ forwarding: targets });
      state.value = 'saved';
    } catch (error) {
      problem.value = CanopyError.from(error);
      state.value = 'changed';
    }
  };
  return (
    <form
      class="settings-section forwarding"
      data-testid="forwarding"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h3>{forwarding.heading}</h3>
      {RULES.map((rule) => (
        <RuleField
          key={rule}
          rule={rule}
          value={fields[rule]}
          name={current[rule]?.displayName}
          isUnusable={unusable.value === rule}
          onChange={() => (state.value = 'changed')}
        />
      ))}
      {fields.unanswered.value.trim() !== '' && (
        <label class="field">
          {forwarding.after}
          <select
            data-testid="forward-seconds"
            value={seconds.value}
            onChange={({ currentTarget: { value } }) => {
              seconds.value = Number(value);
              state.value = 'changed';
            }}
          >
            {[...new Set([...CHOICES_SECONDS, seconds.value])]
              .sort((a, b) => a - b)
              .map((count) => (
                <option key={count} value={count}>
                  {forwarding.seconds(count)}
                </option>
              ))}
          </select>
        </label>
      )}
      <Problem error={problem.value} />
      <button
        type="submit"
        data-testid="save-forwarding"
        disabled={state.value !== 'changed'}
        aria-live="polite"
      >
        {state.value === 'saved' ? forwarding.saved : forwarding.save}
      </button>
    </form>
  );
}

function RuleField({
  rule,
  value,
  name,
  isUnusable,
  onChange,
}: {
  rule: Rule;
  value: Signal<string>;
  name: string | undefined;
  isUnusable: boolean;
  onChange(): void;
}) {
  const { forwarding } = strings.value;
  const hintId = `forward-${rule}-hint`;
  return (
    <label class="field">
      {forwarding[rule]}
      <input
        data-testid={`forward-${rule}`}
        value={value.value}
        placeholder={forwarding.nowhere}
        maxLength={2000}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-describedby={hintId}
        aria-invalid={isUnusable}
        onInput={(event) => {
          value.value = event.currentTarget.value;
          onChange();
        }}
      />
      <span class="hint" id={hintId} role="status" dir="auto">
        {isUnusable
          ? forwarding.unusable
          : value.value.trim() !== '' && name !== undefined
            ? forwarding.leadsTo(name)
            : forwarding.to}
      </span>
    </label>
  );
}

/** An address as the user would type it. */
function shown(address: string | undefined, model: AppModel): string {
  if (address === undefined) {
    return '';
  }
  return address.startsWith('tel:') ? address.slice('tel:'.length) : callUrl(model.linkOrigin, address);
}

/** The address that was typed; undefined if the field is empty. */
function addressIn(typed: string, model: AppModel): string | 'unusable' | undefined {
  if (typed.trim() === '') {
    return undefined;
  }
  return (
    readCallAddress(typed, [location.origin, model.linkOrigin]) ??
    (model.calls.dialsNumbers.value ? callableNumber(typed) : undefined) ??
    'unusable'
  );
}
