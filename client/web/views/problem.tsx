import type { CanopyError, ErrorCode } from '../../sdk/index.ts';

/** Where a page can say it plainer than an error that programs get too. */
const SENTENCES: { [C in ErrorCode]?: string } = {
  SESSION_REPLACED: 'This call goes on in another tab or window, where you joined it again.',
};

/** What went wrong, in a sentence, with the code for those who ask for help. */
export function Problem({ error }: { error: CanopyError | undefined }) {
  if (!error) return null;
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
