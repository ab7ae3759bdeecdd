import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { CanopyError } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { Problem } from '../parts/problem.tsx';

/** Makes a link for one person. */
export function OneTimeLink({ call }: { call: Call }) {
  const { invite } = strings.value;
  const admin = call.client.account.role === 'admin';
  const member = useSignal(false);
  const link = useSignal('');
  const problem = useSignal<CanopyError | undefined>(undefined);
  const asMember = member.value;
  const choose = (checked: boolean) => {
    member.value = checked;
    // The old link is for the other role, so nobody should copy it now.
    link.value = '';
  };
  useEffect(() => {
    let current = true;
    call.client
      .createInvitation({ role: asMember ? 'member' : 'guest', roomId: call.address })
      .then(({ url }) => {
        if (current) {
          link.value = url;
        }
      })
      .catch((error: unknown) => {
        if (current) {
          problem.value = CanopyError.from(error);
        }
      });
    return () => {
      current = false;
    };
  }, [asMember]);
  return (
    <>
      <p>{invite.what}</p>
      <CopyLinkField link={link.value} label={invite.link} testId="invite-link" copyTestId="copy" />
      {admin && (
        <CheckField
          testId="invite-member"
          checked={asMember}
          onChange={(checked) => choose(checked)}
          label={invite.asMember}
        />
      )}
      <Problem error={problem.value} />
    </>
  );
}
