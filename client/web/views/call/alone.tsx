import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { PeopleIcon } from '../parts/icons.tsx';
import { useRoomLink } from '../rooms/use-room-link.ts';

/** Shown to somebody who is alone in a room, next to their own video: the link for the others. */
export function Alone({ call }: { call: Call }) {
  const isSplit = call.breakouts.isInside || call.breakouts.state.value.status === 'open';
  if (call.person !== undefined && !isSplit) {
    return (
      <section class="alone" data-testid="waiting-for">
        <p role="status">{strings.value.calls.waitingFor(call.person)}</p>
      </section>
    );
  }
  // In breakout rooms the others know the way, and only people who may invite have a link that lets newcomers in.
  return isSplit || !call.may('room.invite') ? (
    <section class="alone" data-testid="alone">
      <h2>{strings.value.alone.heading}</h2>
    </section>
  ) : (
    <AloneInRoom call={call} />
  );
}

function AloneInRoom({ call }: { call: Call }) {
  const link = useRoomLink(call.address, async () => call.client);
  const { alone } = strings.value;
  return (
    <section class="alone" data-testid="alone">
      <span class="alone-picture">
        <PeopleIcon />
      </span>
      <h2>{alone.heading}</h2>
      <p>{alone.advice}</p>
      <CopyLinkField label={alone.link} link={link} copyTestId="copy-room-link" />
    </section>
  );
}
