import { useSignal } from '@preact/signals';
import { displayable } from '../../../sdk/index.ts';
import type { AppModel, NewDevice } from '../../model/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';
import { ProtectKeyForm } from './protect-key.tsx';
import { DeviceNameField } from './your-devices.tsx';
import '../../styles/own-devices.css';

/** The screen on which this device is added to an account that another device has. */
export function NewDeviceView({ model, device }: { model: AppModel; device: NewDevice }) {
  const { account } = strings.value;
  const name = useSignal(device.suggestedName);
  const stage = device.stage.value;
  return (
    <main class="center">
      <section class="card new-device" data-testid="new-device" data-stage={stage}>
        {stage === 'key' ? (
          <>
            <h1>{account.protectHeading}</h1>
            <ProtectKeyForm model={model} onDone={() => device.finish()} />
            <button
              type="button"
              class="quiet"
              data-testid="drop-key"
              onClick={() => void model.care.forgetKey().then(() => device.finish())}
            >
              {account.dontKeep}
            </button>
          </>
        ) : stage === 'waiting' ? (
          <Waiting device={device} name={displayable(name.value)} />
        ) : (
          <AskForm model={model} device={device} name={name.value} onName={(text) => (name.value = text)} />
        )}
      </section>
    </main>
  );
}

function AskForm({
  model,
  device,
  name,
  onName,
}: {
  model: AppModel;
  device: NewDevice;
  name: string;
  onName(text: string): void;
}) {
  const { account, home } = strings.value;
  const { adding: words } = lateStrings();
  const typed = useSignal('');
  const isWrong = useSignal(false);
  const isDamaged = device.link === undefined && /^#\/?link\/./.test(location.hash);
  const isAsking = device.stage.value === 'asking';
  const { identity } = model;
  const submit = (event: Event) => {
    event.preventDefault();
    const link = device.link ?? device.read(typed.value);
    isWrong.value = link === undefined;
    if (link) {
      void device.ask(link, displayable(name));
    }
  };
  return (
    <>
      <h1>{words.newHeading}</h1>
      <p>{device.link ? words.newIntro : account.haveOtherHow}</p>
      {isDamaged && <p class="warning">{words.linkDamaged}</p>}
      {identity.value && (
        <p class="warning" data-testid="replaces" dir="auto">
          {words.replaces(identity.value.displayName)}
        </p>
      )}
      <form onSubmit={submit}>
        {!device.link && (
          <>
            <label class="field">
              {words.code}
              <input
                class="link-code-field"
                data-testid="code"
                value={typed.value}
                placeholder={words.codeExample}
                autocomplete="off"
                autocapitalize="characters"
                spellcheck={false}
                maxLength={400}
                required
                aria-describedby="code-hint"
                onInput={(event) => {
                  typed.value = event.currentTarget.value;
                  isWrong.value = false;
                }}
              />
            </label>
            <p class="hint" id="code-hint" role="status" data-testid="code-hint">
              {isWrong.value ? words.codeWrong : ''}
            </p>
          </>
        )}
        <DeviceNameField value={name} onText={onName} />
        <Problem error={device.problem.value} />
        <button
          type="submit"
          class="primary"
          data-testid="ask"
          disabled={isAsking || displayable(name) === ''}
        >
          {isAsking ? words.asking : words.ask}
        </button>
      </form>
      <a class="button quiet" href="#/" data-testid="new-device-leave">
        {home.backHome}
      </a>
    </>
  );
}

function Waiting({ device, name }: { device: NewDevice; name: string }) {
  const { common } = strings.value;
  const { adding: words } = lateStrings();
  return (
    <>
      <h1>{words.waitingHeading}</h1>
      <div class="waiting-state" role="status">
        <span class="spinner" aria-hidden="true" />
        <p dir="auto" data-testid="waiting-for-consent">
          {device.lost.value ? words.reconnecting : words.waiting(name)}
        </p>
      </div>
      <button type="button" data-testid="stop-waiting" onClick={() => void device.cancel()}>
        {common.cancel}
      </button>
    </>
  );
}
