import { useSignal } from '@preact/signals';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Brand } from '../parts/brand.tsx';
import { Problem } from '../parts/problem.tsx';
import { SignOnButton } from './sign-on-button.tsx';

/** Shown to people without an identity: how to get one, and the alternatives. */
export function NoIdentity({ model, roomId }: { model: AppModel; roomId: string | undefined }) {
  const { account, welcome } = strings.value;
  const offer = model.signOn.offer.value;
  /** Where they may ask to enter without an account. */
  const open = model.signOn.admitsStrangers.value ? roomId : undefined;
  return (
    <main class="center">
      <section class="card" data-testid="no-identity">
        <Brand />
        <h1>{welcome.heading}</h1>
        <p dir="auto">{introduction(model, roomId)}</p>
        <SignOnButton model={model} primary />
        {open !== undefined && (
          <button
            type="button"
            class={offer ? '' : 'primary'}
            data-testid="ask-as-guest"
            onClick={() => model.askAsGuest(open)}
          >
            {welcome.askAsGuest}
          </button>
        )}
        <Problem error={model.problem.value} />
        <details>
          <summary>{account.haveOther}</summary>
          <div class="have-other">
            <p>{account.haveOtherHow}</p>
            <a class="button primary" href="#/link" data-testid="use-code">
              {account.useCode}
            </a>
          </div>
        </details>
        <details>
          <summary>{welcome.haveBackup}</summary>
          <Restore model={model} />
        </details>
        <details>
          <summary>{welcome.haveCertificate}</summary>
          <Import model={model} />
        </details>
      </section>
    </main>
  );
}

function introduction({ signOn }: AppModel, roomId: string | undefined): string {
  const { welcome, signOn: words } = strings.value;
  const { value: offer } = signOn.offer;
  const admitsStrangers = signOn.admitsStrangers.value;
  if (roomId === undefined) {
    return offer
      ? words.noIdentity(offer.label)
      : admitsStrangers
        ? welcome.noIdentityOpen
        : welcome.noIdentity;
  }
  if (admitsStrangers) {
    return welcome.noIdentityStranger(roomId);
  }
  return offer ? words.noIdentityRoom(roomId, offer.label) : welcome.noIdentityRoom(roomId);
}

function Restore({ model }: { model: AppModel }) {
  const { welcome } = strings.value;
  const backup = useSignal('');
  const password = useSignal('');
  const submit = (event: Event) => {
    event.preventDefault();
    void model.restore(backup.value, password.value);
  };
  return (
    <form onSubmit={submit} data-testid="restore-form">
      <FileField
        label={welcome.backupFile}
        testId="restore-file"
        accept=".json"
        onText={(text) => (backup.value = text)}
      />
      <label class="field">
        {welcome.backupPassword}
        <input
          type="password"
          data-testid="restore-password"
          autocomplete="off"
          value={password.value}
          onInput={(event) => (password.value = event.currentTarget.value)}
        />
      </label>
      <button
        type="submit"
        class="primary"
        data-testid="restore"
        disabled={model.busy.value || !backup.value || !password.value}
      >
        {welcome.restore}
      </button>
    </form>
  );
}

function Import({ model }: { model: AppModel }) {
  const { welcome } = strings.value;
  const certificate = useSignal('');
  const key = useSignal('');
  const submit = (event: Event) => {
    event.preventDefault();
    void model.importCertificate(certificate.value, key.value);
  };
  return (
    <form onSubmit={submit} data-testid="import-form">
      <FileField
        label={welcome.certificate}
        testId="import-certificate"
        accept=".pem,.crt,.cer"
        onText={(text) => (certificate.value = text)}
      />
      <FileField
        label={welcome.privateKey}
        testId="import-key"
        accept=".pem,.key"
        onText={(text) => (key.value = text)}
      />
      <p class="hint">{welcome.keyStays}</p>
      <button
        type="submit"
        class="primary"
        data-testid="import"
        disabled={model.busy.value || !certificate.value || !key.value}
      >
        {welcome.useCertificate}
      </button>
    </form>
  );
}

interface FileFieldProps {
  label: string;
  testId: string;
  accept: string;
  onText(text: string): void;
}

function FileField({ label, testId, accept, onText }: FileFieldProps) {
  const read = async (input: HTMLInputElement) => onText((await input.files?.[0]?.text()) ?? '');
  return (
    <label class="field">
      {label}
      <input
        type="file"
        data-testid={testId}
        accept={accept}
        onChange={(event) => void read(event.currentTarget)}
      />
    </label>
  );
}
