import type { CanopyError } from '../../sdk/index.ts';

/** What went wrong, in a sentence, with the code for those who ask for help. */
export function Problem({ error }: { error: CanopyError | undefined }) {
  if (!error) return null;
  return (
    <p class="problem" role="alert" data-testid="problem" data-code={error.code}>
      {error.message} <span class="code">{error.code}</span>
    </p>
  );
}
