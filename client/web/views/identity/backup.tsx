import { useSignal } from '@preact/signals';
import { CanopyError, type Identity } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';

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
        {strings.value.backup.save}
      </button>
      {open.value && <BackupDialog identity={identity} onClose={() => (open.value = false)} />}
    </>
  );
}

/** Makes a backup of the account. */
export function BackupDialog({ identity, onClose }: { identity: Identity; onClose(): void }) {
  const { backup, common } = strings.value;
  const password = useSignal('');
  const again = useSignal('');
  const href = useSignal<string | undefined>(undefined);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const usable = password.value.length >= MIN_PASSWORD_LENGTH && password.value === again.value;
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      const account = await identity.exportBackup(password.value);
      href.value = URL.createObjectURL(new Blob([account], { type: 'application/json' }));
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
    <Dialog title={backup.heading} onClose={close}>
      {href.value ? (
        <>
          <p>{backup.saved}</p>
          <a
            class="button primary"
            data-testid="backup-download"
            href={href.value}
            download="canopy-account.json"
          >
            {backup.download}
          </a>
        </>
      ) : (
        <form onSubmit={(event) => void save(event)}>
          <p>{backup.what}</p>
          <PasswordField
            label={backup.password}
            testId="backup-password"
            onText={(text) => (password.value = text)}
          />
          <PasswordField
            label={backup.repeat}
            testId="backup-again"
            onText={(text) => (again.value = text)}
          />
          <p class="hint">{backup.rule(MIN_PASSWORD_LENGTH)}</p>
          <button type="submit" class="primary" data-testid="backup-save" disabled={!usable}>
            {backup.create}
          </button>
        </form>
      )}
      <Problem error={problem.value} />
      <CloseButton label={common.close} />
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
