import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { createPasskey, type Locking, passkeysUsable } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { NewPassword } from '../identity/new-password.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { useAct } from '../parts/use-act.ts';
import { canUnlock, UnlockFields, unlockingOf } from './unlock.tsx';

/** Stores the account's key encrypted, with a password or a passkey. */
export function ProtectKeyForm({ model, onDone }: { model: AppModel; onDone(): void }) {
  const { account } = strings.value;
  const { care } = model;
  const hasPasskeys = useSignal(false);
  const by = useSignal<'password' | 'passkey'>('password');
  const password = useSignal<string | undefined>(undefined);
  const unlockPassword = useSignal('');
  const { busy, problem, act } = useAct();
  useEffect(() => {
    void passkeysUsable().then((usable) => (hasPasskeys.value = usable));
  }, []);
  const key = care.key.value;
  const ready =
    (by.value === 'passkey' || password.value !== undefined) && canUnlock(key, unlockPassword.value);
  const protect = async () => {
    const unlocking = await unlockingOf(key, unlockPassword.value);
    await care.protect(await locking(), unlocking);
  };
  const locking = async (): Promise<Locking> =>
    by.value === 'password'
      ? { password: password.value ?? '' }
      : { passkey: await createPasskey(model.identity.value?.displayName ?? 'Canopy') };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await act(protect)) {
      onDone();
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} data-testid="protect-form" class="protect-form">
      <p>{account.protectWhat}</p>
      <UnlockFields accountKey={key} password={unlockPassword} />
      {hasPasskeys.value && (
        <fieldset class="choices">
          <legend>{account.protectWith}</legend>
          {(['password', 'passkey'] as const).map((each) => (
            <label key={each} class="choice">
              <input
                type="radio"
                name="protect-with"
                data-testid={`protect-${each}`}
                checked={by.value === each}
                onChange={() => (by.value = each)}
              />
              {each === 'password' ? account.withPassword : account.withPasskey}
            </label>
          ))}
        </fieldset>
      )}
      {by.value === 'password' ? (
        <NewPassword onPassword={(chosen) => (password.value = chosen)} />
      ) : (
        <p class="hint">{account.passkeyHint}</p>
      )}
      <Problem error={problem.value} />
      <button type="submit" class="primary" data-testid="protect" disabled={busy.value || !ready}>
        {account.protectAct}
      </button>
    </form>
  );
}

export function ProtectKeyDialog({ model, onClose }: { model: AppModel; onClose(): void }) {
  const { account, common } = strings.value;
  return (
    <Dialog title={account.protectHeading} onClose={onClose}>
      <ProtectKeyForm model={model} onDone={onClose} />
      <CloseButton label={common.cancel} />
    </Dialog>
  );
}
