import type { Signal } from '@preact/signals';
import { type AccountKey, type Unlocking, unlockWithPasskey } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';

/** Asks for the password of the account's key, or says that the passkey will be asked for. Nothing if the key is not locked. */
export function UnlockFields({
  accountKey,
  password,
}: {
  accountKey: AccountKey | undefined;
  password: Signal<string>;
}) {
  const { account } = strings.value;
  const by = accountKey?.lock?.by;
  if (by === 'password') {
    return (
      <label class="field">
        {account.unlockPassword}
        <input
          type="password"
          data-testid="unlock-password"
          autocomplete="current-password"
          value={password.value}
          onInput={(event) => (password.value = event.currentTarget.value)}
        />
      </label>
    );
  }
  return by === 'passkey' ? <p class="hint">{account.unlockPasskey}</p> : null;
}

/** Whether the fields have what unlocking needs. */
export function canUnlock(accountKey: AccountKey | undefined, password: string): boolean {
  return accountKey?.lock?.by !== 'password' || password !== '';
}

/** What unlocks the key: asks for the passkey if need be. @throws {CanopyError} PASSKEY_UNAVAILABLE */
export async function unlockingOf(
  accountKey: AccountKey | undefined,
  password: string,
): Promise<Unlocking | undefined> {
  const lock = accountKey?.lock;
  switch (lock?.by) {
    case undefined:
      return undefined;
    case 'password':
      return { password };
    case 'passkey':
      return { passkeySecret: (await unlockWithPasskey(lock)).secret };
  }
}
