import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { CanopyError } from '../../sdk/index.ts';
import type { Call } from '../model/index.ts';
import { strings } from '../strings/index.ts';
import { Dialog } from './dialog.tsx';
import { Problem } from './problem.tsx';

/** Creates an invitation for one person. For people who may invite. */
export function InviteDialog({ call, onClose }: { call: Call; onClose(): void }) {
  const { common, invite } = strings.value;
  const admin = call.client.account.role === 'admin';
  const member = useSignal(false);
  const link = useSignal('');
  const copied = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const asMember = member.value;
  const choose = (checked: boolean) => {
    member.value = checked;
    // The old link is for the other role, so nobody should copy it now.
    link.value = '';
    copied.value = false;
  };
  useEffect(() => {
    let current = true;
    call.client
      .createInvitation({ role: asMember ? 'member' : 'guest', roomId: call.room.roomId })
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
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link.value);
      copied.value = true;
    } catch {
      // Not allowed: select the link, so that the user can copy it.
      field.current?.select();
    }
  };
  return (
    <Dialog title={invite.heading} onClose={onClose}>
      <p>{invite.what}</p>
      {link.value ? (
        <input
          ref={field}
          data-testid="invite-link"
          aria-label={invite.link}
          readOnly
          value={link.value}
          onFocus={(event) => event.currentTarget.select()}
        />
      ) : (
        <input aria-label={invite.link} disabled placeholder={invite.creating} />
      )}
      {admin && (
        <label class="check">
          <input
            type="checkbox"
            data-testid="invite-member"
            checked={asMember}
            onChange={(event) => choose(event.currentTarget.checked)}
          />
          {invite.asMember}
        </label>
      )}
      <Problem error={problem.value} />
      <button
        type="button"
        class="primary"
        data-testid="copy"
        disabled={!link.value}
        onClick={() => void copy()}
      >
        {copied.value ? common.copied : common.copyLink}
      </button>
      <form method="dialog">
        <button type="submit" class="quiet">
          {common.done}
        </button>
      </form>
    </Dialog>
  );
}
