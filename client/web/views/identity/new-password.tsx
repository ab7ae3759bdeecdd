import { useSignal } from '@preact/signals';
import { strings } from '../../strings/index.ts';

/** Minimum length of a password that encrypts an account, in characters. */
const MIN_PASSWORD_LENGTH = 10;

/** Two fields for a new password. Reports it once it is long enough and was typed the same twice; until then, undefined. */
export function NewPassword({ onPassword }: { onPassword(password: string | undefined): void }) {
  const { backup } = strings.value;
  const password = useSignal('');
  const again = useSignal('');
  const changed = () => {
    const isUsable = password.value.length >= MIN_PASSWORD_LENGTH && password.value === again.value;
    onPassword(isUsable ? password.value : undefined);
  };
  return (
    <>
      {(
        [
          [backup.password, 'backup-password', password],
          [backup.repeat, 'backup-again', again],
        ] as const
      ).map(([label, testId, text]) => (
        <label key={testId} class="field">
          {label}
          <input
            type="password"
            data-testid={testId}
            autocomplete="new-password"
            onInput={(event) => {
              text.value = event.currentTarget.value;
              changed();
            }}
          />
        </label>
      ))}
      <p class="hint">{backup.rule(MIN_PASSWORD_LENGTH)}</p>
    </>
  );
}
