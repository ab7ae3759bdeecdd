import { useSignal } from '@preact/signals';
import type { Call } from '../../model/index.ts';
import { loadLateStrings, strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { OneTimeLink } from './one-time-link.tsx';
import { RoomLinkSection } from './room-link.tsx';

const StreamKeySection = lazyView(async () => {
  await loadLateStrings();
  return (await import('./stream-keys.tsx')).StreamKeySection;
});

/** The room's links. For people who may invite. */
export function InviteDialog({ call, onClose }: { call: Call; onClose(): void }) {
  const { common, invite, streams } = strings.value;
  const oneTime = useSignal(false);
  const programs = useSignal(false);
  return (
    <Dialog title={invite.heading} focusHeading onClose={onClose}>
      <div class="invite-dialog">
        <RoomLinkSection call={call} />
        <details onToggle={({ currentTarget }) => (oneTime.value = currentTarget.open)}>
          <summary data-testid="one-time">{invite.oneTime}</summary>
          {/* A link is made only when it is wanted. */}
          {oneTime.value && <OneTimeLink call={call} />}
        </details>
        <details onToggle={({ currentTarget }) => (programs.value = currentTarget.open)}>
          <summary data-testid="streams">{streams.heading}</summary>
          {programs.value && <StreamKeySection call={call} />}
        </details>
      </div>
      <CloseButton label={common.done} />
    </Dialog>
  );
}
