import { useSignal } from '@preact/signals';
import type { AppModel, Need } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { dateOf } from './device-names.ts';
import { ProtectKeyDialog } from './protect-key.tsx';
import { canUnlock, UnlockFields, unlockingOf } from './unlock.tsx';
import '../../styles/own-devices.css';

/** What the user should do about the account on this device, if anything. */
export function AccountBanner({ model }: { model: AppModel }) {
  const { account, listed } = strings.value;
  const opened = useSignal<'protect' | 'renew' | undefined>(undefined);
  const { care } = model;
  const need = care.need.value;
  const others = care.keyState.value === 'locked' ? care.asking.value : [];
  const close = () => {
    opened.value = undefined;
  };
  const canRenew = need?.kind === 'renew' || others.length > 0;
  const names = listed(others.map(({ name }) => name ?? account.unnamed));
  return (
    <>
      {(need || others.length > 0) && (
        <section class="account-banner" role="status" data-testid="account-banner" data-need={need?.kind}>
          <div>
            {need && <p>{sentenceOf(need)}</p>}
            {others.length > 0 && (
              <p data-testid="others-ask" dir="auto">
                {account.othersAsk(names, others.length)}
              </p>
            )}
          </div>
          <div class="row">
            {need?.kind === 'protect' && (
              <button
                type="button"
                class="primary"
                data-testid="banner-protect"
                onClick={() => (opened.value = 'protect')}
              >
                {account.protect}
              </button>
            )}
            {canRenew && (
              <button
                type="button"
                class="primary"
                data-testid="banner-renew"
                onClick={() => (opened.value = 'renew')}
              >
                {account.renew}
              </button>
            )}
            {need && (
              <button type="button" class="quiet" data-testid="banner-later" onClick={() => care.dismiss()}>
                {account.notNow}
              </button>
            )}
          </div>
        </section>
      )}
      {opened.value === 'protect' && <ProtectKeyDialog model={model} onClose={close} />}
      {opened.value === 'renew' && <RenewDialog model={model} onClose={close} />}
    </>
  );
}

function RenewDialog({ model, onClose }: { model: AppModel; onClose(): void }) {
  const { account } = strings.value;
  const password = useSignal('');
  const key = model.care.key.value;
  return (
    <FormDialog
      title={account.renewHeading}
      submit={{ label: account.renew, testId: 'renew' }}
      ready={canUnlock(key, password.value)}
      act={async () => {
        await model.care.renew(await unlockingOf(key, password.value));
        model.retry();
      }}
      onClose={onClose}
    >
      <p>{account.renewWhat}</p>
      <UnlockFields accountKey={key} password={password} />
    </FormDialog>
  );
}

function sentenceOf(need: Need): string {
  const { account } = strings.value;
  if (need.kind === 'protect') {
    return account.offerProtect;
  }
  const date = dateOf(need.expiresAtMs);
  const hasExpired = need.expiresAtMs < Date.now();
  switch (need.kind) {
    case 'renew':
      return hasExpired ? account.expired : account.needRenewal(date);
    case 'renew-elsewhere':
      return hasExpired ? account.expiredOther : account.needOther(date);
    case 'account':
      return account.needInvitation(date);
  }
}
