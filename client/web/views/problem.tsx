import type { CanopyError, ErrorCode } from '../../sdk/index.ts';

/** Wording for users, where the error's own message is written for developers. */
const SENTENCES: { [C in ErrorCode]?: string } = {
  SESSION_REPLACED: 'You joined this call again in another tab or window; it continues there.',
};

/** An error's message, with its code for support requests. */
export function Problem({ error }: { error: CanopyError | undefined }) {
  if (!error) {
    return null;
  }
  return (
    <p class="problem" role="alert" data-testid="problem" data-code={error.code}>
      {SENTENCES[error.code] ?? error.message}{' '}
      <span class="code">
        {error.code}
        {error.detail && `: ${error.detail}`}
      </span>
    </p>
  );
}
