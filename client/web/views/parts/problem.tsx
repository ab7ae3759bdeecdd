import type { CanopyError } from '../../../sdk/index.ts';
import { errorSentence } from '../../strings/index.ts';

/** What to tell the user about an error, with its code for support requests. */
export function Problem({ error }: { error: CanopyError | undefined }) {
  if (!error) {
    return null;
  }
  return (
    <p class="problem" role="alert" data-testid="problem" data-code={error.code}>
      {errorSentence(error)}{' '}
      <span class="code">
        {error.code}
        {error.detail && `: ${error.detail}`}
      </span>
    </p>
  );
}
