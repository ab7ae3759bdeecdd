import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Call } from '../model/index.ts';
import { strings } from '../strings/index.ts';
import { CopyIcon, PeopleIcon } from './icons.tsx';
import { useRoomLink } from './use-room-link.ts';

/** Shown to somebody who is alone in a room, next to their own video: the link for the others. */
export function Alone({ call }: { call: Call }) {
  const copied = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const link = useRoomLink(call.room.roomId, async () => call.client);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      copied.value = true;
    } catch {
      // Not allowed: select the link, so that the user can copy it.
      field.current?.select();
    }
  };
  const { alone, common } = strings.value;
  return (
    <section class="alone" data-testid="alone">
      <span class="alone-picture">
        <PeopleIcon />
      </span>
      <h2>{alone.heading}</h2>
      <p>{alone.advice}</p>
      <div class="copy-row">
        <input
          ref={field}
          data-testid="room-link"
          aria-label={alone.link}
          readOnly
          value={link}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" class="primary" data-testid="copy-room-link" onClick={() => void copy()}>
          <CopyIcon />
          {copied.value ? common.copied : common.copyLink}
        </button>
      </div>
    </section>
  );
}
