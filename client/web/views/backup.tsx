import { useSignal } from '@preact/signals';
import { CanopyError, type Identity } from '../../sdk/index.ts';
import { Dialog } from './dialog.tsx';
import { Problem } from './problem.tsx';

/** Minimum length of a backup password, in characters. */
const MIN_PASSWORD_LENGTH = 10;

/** Offers a backup of the account while one can still be made. */
export function BackupButton({ identity }: { identity: Identity }) {
  const open = useSignal(false);
  if (!identity.canExportBackup && !open.value) {
    return null;
  }
  return (
    <>
      <button type="button" class="quiet" data-testid="backup" onClick={() => (open.value = true)}>
        Save a backup
      </button>
      {open.value && <BackupDialog identity={identity} onClose={() => (open.value = false)} />}
    </>
  );
}

function BackupDialog({ identity, onClose }: { identity: Identity; onClose(): void }) {
  const password = useSignal('');
  const again = useSignal('');
  const href = useSignal<string | undefined>(undefined);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const usable = password.value.length >= MIN_PASSWORD_LENGTH && password.value === again.value;
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      const backup = await identity.exportBackup(password.value);
      href.value = URL.createObjectURL(new Blob([backup], { type: 'application/json' }));
    } catch (error) {
      problem.value = CanopyError.from(error);
    }
  };
  const close = () => {
    if (href.value) {
      URL.revokeObjectURL(href.value);
    }
    onClose();
  };
  return (
    <Dialog title="Back up your account" onClose={close}>
      {href.value ? (
        <>
          <p>Keep this file in a safe place. You cannot create it again.</p>
          <a
            class="button primary"
            data-testid="backup-download"
            href={href.value}
            download="canopy-account.json"
          >
            Download file
          </a>
        </>
      ) : (
        <form onSubmit={(event) => void save(event)}>
          <p>
            With this file and its password you can use your account on another device, or if you lose this
            one.
          </p>
          <PasswordField
            label="Password"
            testId="backup-password"
            onText={(text) => (password.value = text)}
          />
          <PasswordField
            label="Repeat password"
            testId="backup-again"
            onText={(text) => (again.value = text)}
          />
          <p class="hint">At least {MIN_PASSWORD_LENGTH} characters. It cannot be reset.</p>
          <button type="submit" class="primary" data-testid="backup-save" disabled={!usable}>
            Create backup
          </button>
        </form>
      )}
      <Problem error={problem.value} />
      <form method="dialog">
        <button type="submit" class="quiet">
          Close
        </button>
      </form>
    </Dialog>
  );
}

function PasswordField({
  label,
  testId,
  onText,
}: {
  label: string;
  testId: string;
  onText(text: string): void;
}) {
  return (
    <label class="field">
      {label}
      <input
        type="password"
        data-testid={testId}
        autocomplete="new-password"
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </label>
  );
}
