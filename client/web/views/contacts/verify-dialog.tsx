import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { CanopyError, type Client, type Contact } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { QrCode } from '../parts/qr-code.tsx';
import { useAct } from '../parts/use-act.ts';
import { VerifiedBadge } from './verified-badge.tsx';
import '../../styles/contacts.css';

/** The code that two people compare, to make sure that each has the other's account. */
export function VerifyDialog({
  connect,
  name,
  accountIds,
  contact: given,
  onClose,
}: {
  connect(): Promise<Client>;
  name: string;
  /** Whose code; the user chooses if there are several. */
  accountIds: readonly string[];
  /** When the codes match, the account is added to this contact if it is missing; omitted: the person becomes a contact. */
  contact?: Contact | undefined;
  onClose(): void;
}) {
  const words = strings.value.contacts;
  const accountId = useSignal(accountIds[0] ?? '');
  const code = useSignal<readonly string[] | undefined>(undefined);
  const contact = useSignal(given);
  const differs = useSignal(false);
  const { busy, problem, act } = useAct();
  useEffect(() => {
    let isCurrent = true;
    code.value = undefined;
    connect()
      .then((client) => client.contacts.verificationCode(accountId.value))
      .then((groups) => {
        if (isCurrent) {
          code.value = groups;
        }
      })
      .catch((error: unknown) => {
        problem.value = CanopyError.from(error);
      });
    return () => {
      isCurrent = false;
    };
  }, [accountId.value]);
  const verifiedAtMs = contact.value?.accounts.find(
    (account) => account.accountId === accountId.value,
  )?.verifiedAtMs;
  /** The contact with this account, which is added if it is missing. */
  const withAccount = async ({ contacts }: Client): Promise<Contact> => {
    const known = contact.value;
    if (known?.accounts.some((account) => account.accountId === accountId.value)) {
      return known;
    }
    const accounts = [...(known?.accounts ?? []), { accountId: accountId.value }];
    return contacts.put({ name, ...known, accounts, ifRev: known?.rev });
  };
  const setVerified = async (isVerified: boolean) => {
    // The same account always has the same code, so a mark is only taken back, without a warning.
    differs.value = !isVerified && verifiedAtMs === undefined;
    if (differs.value) {
      return;
    }
    const done = await act(async () => {
      const client = await connect();
      const known = await withAccount(client);
      contact.value = await client.contacts.setVerified(known, accountId.value, isVerified);
    });
    if (done && isVerified) {
      onClose();
    }
  };
  return (
    <Dialog title={words.verifyTitle(name)} onClose={onClose}>
      <div class="verify" data-testid="verify">
        {accountIds.length > 1 && (
          <label class="field">
            {words.whichAccount}
            <select
              value={accountId.value}
              onChange={(event) => (accountId.value = event.currentTarget.value)}
            >
              {accountIds.map((id) => (
                <option key={id} value={id}>
                  {words.accountShort(id.slice(0, 8))}
                </option>
              ))}
            </select>
          </label>
        )}
        <p>{words.verifyHow(name)}</p>
        <div class="code-and-qr" aria-busy={code.value === undefined}>
          <ol class="verification-code" aria-label={words.code} data-testid="verification-code">
            {(code.value ?? Array.from({ length: 12 }, () => '·····')).map((group, index) => (
              <li key={index}>{group}</li>
            ))}
          </ol>
          {code.value && <QrCode text={code.value.join(' ')} label={words.qr} />}
        </div>
        <p class="hint">{words.verifyIn}</p>
        {verifiedAtMs !== undefined && (
          <p class="verified-line">
            <VerifiedBadge atMs={verifiedAtMs} />
            {words.verifiedOn(new Date(verifiedAtMs).toLocaleDateString())}
          </p>
        )}
        {differs.value && (
          <p class="problem" role="alert">
            {words.differWarning}
          </p>
        )}
        <Problem error={problem.value} />
        <div class="row">
          <button
            type="button"
            class="primary"
            data-testid="codes-match"
            disabled={busy.value || code.value === undefined}
            onClick={() => void setVerified(true)}
          >
            {words.match}
          </button>
          <button
            type="button"
            data-testid="codes-differ"
            disabled={busy.value || code.value === undefined}
            onClick={() => void setVerified(false)}
          >
            {verifiedAtMs === undefined ? words.differ : words.unverify}
          </button>
        </div>
      </div>
      <CloseButton label={strings.value.common.close} />
    </Dialog>
  );
}
