import { useSignal } from '@preact/signals';
import type { AppModel } from '../model/index.ts';
import { Problem } from './problem.tsx';

/** Shown to people without an identity: how to get one, and the two alternatives. */
export function NoIdentity({ model }: { model: AppModel }) {
  return (
    <main class="center">
      <section class="card" data-testid="no-identity">
        <h1>Welcome to Canopy</h1>
        <p>
          This browser has no account here yet. Ask someone who has one for an invitation link and open it in
          this browser: all you need is a name.
        </p>
        <Problem error={model.problem.value} />
        <details>
          <summary>I have a backup of my account</summary>
          <Restore model={model} />
        </details>
        <details>
          <summary>I have a certificate from my organisation</summary>
          <Import model={model} />
        </details>
      </section>
    </main>
  );
}

function Restore({ model }: { model: AppModel }) {
  const backup = useSignal('');
  const password = useSignal('');
  const submit = (event: Event) => {
    event.preventDefault();
    void model.restore(backup.value, password.value);
  };
  return (
    <form onSubmit={submit} data-testid="restore-form">
      <FileField
        label="Backup file"
        testId="restore-file"
        accept=".json"
        onText={(text) => (backup.value = text)}
      />
      <label class="field">
        Backup password
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
        Link this device
      </button>
    </form>
  );
}

function Import({ model }: { model: AppModel }) {
  const certificate = useSignal('');
  const key = useSignal('');
  const submit = (event: Event) => {
    event.preventDefault();
    void model.importCertificate(certificate.value, key.value);
  };
  return (
    <form onSubmit={submit} data-testid="import-form">
      <FileField
        label="Certificate with its issuers (PEM)"
        testId="import-certificate"
        accept=".pem,.crt,.cer"
        onText={(text) => (certificate.value = text)}
      />
      <FileField
        label="Private key (PEM, PKCS#8, not encrypted)"
        testId="import-key"
        accept=".pem,.key"
        onText={(text) => (key.value = text)}
      />
      <p class="hint">
        The key stays in this browser, where no page can read it, and is never sent anywhere.
      </p>
      <button
        type="submit"
        class="primary"
        data-testid="import"
        disabled={model.busy.value || !certificate.value || !key.value}
      >
        Use this certificate
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
