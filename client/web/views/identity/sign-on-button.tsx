import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';

interface Props {
  model: AppModel;
  /** Whether it is the main way on. Default false. */
  primary?: boolean;
  /** What it says. Default: to continue with the provider. */
  label?: string;
  /** The address to come back to. Default: the present one. */
  to?: string;
}

/** Leads to the provider's page, if the server has single sign-on. */
export function SignOnButton({ model: { signOn }, primary = false, label, to }: Props) {
  const offer = signOn.offer.value;
  if (!offer) {
    return null;
  }
  return (
    <>
      <button
        type="button"
        class={primary ? 'primary' : ''}
        data-testid="sign-on"
        disabled={signOn.busy.value}
        onClick={() => void signOn.begin(to)}
      >
        {label ?? strings.value.signOn.continueWith(offer.label)}
      </button>
      {signOn.stage.value !== 'failed' && <Problem error={signOn.problem.value} />}
    </>
  );
}
