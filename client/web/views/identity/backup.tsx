import { useSignal } from '@preact/signals';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { canUnlock, UnlockFields, unlockingOf } from '../devices/unlock.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { useAct } from '../parts/use-act.ts';
import { NewPassword } from './new-password.tsx';

/** Makes a backup of the account. */
export function BackupDialog({ model, onClose }: { model: AppModel; onClose(): void }) {
  const { backup, common } = strings.value;
  const password = useSignal<string | undefined>(undefined);
  const unlockPassword = useSignal('');
  const href = useSignal<string | undefined>(undefined);
  const { busy, problem, act } = useAct();
  const key = model.care.key.value;
  const usable = password.value !== undefined && canUnlock(key, unlockPassword.value);
  const save = (event: Event) => {
    event.preventDefault();
    void act(async () => {
      const unlocking = await unlockingOf(key, unlockPassword.value);
      const account = await key?.exportBackup(password.value ?? '', unlocking);
      href.value = URL.createObjectURL(new Blob([account ?? ''], { type: 'application/json' }));
    });
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
        <form onSubmit={save}>
          <p>{backup.what}</p>
          <UnlockFields accountKey={key} password={unlockPassword} />
          <NewPassword onPassword={(chosen) => (password.value = chosen)} />
          <button type="submit" class="primary" data-testid="backup-save" disabled={busy.value || !usable}>
            {backup.create}
          </button>
        </form>
      )}
      <Problem error={problem.value} />
      <CloseButton label={common.close} />
    </Dialog>
  );
}
