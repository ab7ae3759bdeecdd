import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { CanopyError } from '../../sdk/index.ts';
import type { Call } from '../model/index.ts';
import { Dialog } from './dialog.tsx';
import { InviteIcon } from './icons.tsx';
import { Problem } from './problem.tsx';

/** Makes an invitation for one more person; the button is there for those who may. */
export function InviteButton({ call }: { call: Call }) {
  const open = useSignal(false);
  const { role } = call.client.account;
  if (role !== 'admin' && role !== 'member') return null;
  return (
    <>
      <button
        type="button"
        class="round"
        data-testid="invite"
        title="Invite someone"
        aria-label="Invite someone"
        onClick={() => (open.value = true)}
      >
        <InviteIcon />
      </button>
      {open.value && <InviteDialog call={call} onClose={() => (open.value = false)} />}
    </>
  );
}

function InviteDialog({ call, onClose }: { call: Call; onClose(): void }) {
  const admin = call.client.account.role === 'admin';
  const member = useSignal(false);
  const link = useSignal('');
  const copied = useSignal(false);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const asMember = member.value;
  useEffect(() => {
    let current = true;
    link.value = '';
    copied.value = false;
    call.client
      .createInvitation({ role: asMember ? 'member' : 'guest', roomId: call.room.roomId })
      .then(({ url }) => {
        if (current) link.value = url;
      })
      .catch((error: unknown) => {
        if (current) problem.value = CanopyError.from(error);
      });
    return () => {
      current = false;
    };
  }, [asMember]);
  const copy = async (field: HTMLInputElement) => {
    field.select();
    await navigator.clipboard.writeText(field.value).catch(() => document.execCommand('copy'));
    copied.value = true;
  };
  return (
    <Dialog title="Invite someone" onClose={onClose}>
      <p>Send this link to one person. It works once, for a day.</p>
      <input
        class="link"
        data-testid="invite-link"
        aria-label="Invitation link"
        readOnly
        value={link.value}
        onClick={(event) => void copy(event.currentTarget)}
      />
      <p class="hint" role="status">
        {copied.value ? 'Copied.' : 'Click the link to copy it.'}
      </p>
      {admin && (
        <label class="check">
          <input
            type="checkbox"
            data-testid="invite-member"
            checked={asMember}
            onChange={(event) => (member.value = event.currentTarget.checked)}
          />
          May enter every room and invite others
        </label>
      )}
      <Problem error={problem.value} />
      <form method="dialog">
        <button type="submit" class="primary">
          Done
        </button>
      </form>
    </Dialog>
  );
}
