import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Participant } from '../../sdk/index.ts';
import type { Call } from '../model/index.ts';
import { MoreIcon } from './icons.tsx';

/** What admins and members may do about somebody: silence and remove them. */
export function TileMenu({
  call,
  participant: { participantId, displayName, kind },
  muted,
}: {
  call: Call;
  participant: Participant;
  /** Undefined while nothing is sent. */
  muted: boolean | undefined;
}) {
  const open = useSignal(false);
  const sure = useSignal(false);
  const element = useRef<HTMLDivElement>(null);
  const phone = kind === 'phone';
  useEffect(() => {
    if (!open.value) return;
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : !within(element.current, event.target)) {
        open.value = false;
        sure.value = false;
      }
    };
    addEventListener('pointerdown', close);
    addEventListener('keydown', close);
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('keydown', close);
    };
  }, [open.value]);
  const act = (done: Promise<void>) => {
    open.value = false;
    sure.value = false;
    void done;
  };
  const mutes = muted === false || (phone && muted === true);
  return (
    <div ref={element} class="actions">
      <button
        type="button"
        class="menu-button"
        data-testid="tile-menu"
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-label={`Actions for ${displayName}`}
        onClick={() => (open.value = !open.value)}
      >
        <MoreIcon />
      </button>
      {open.value && (
        <div class="menu" role="menu">
          {mutes && (
            <button
              type="button"
              role="menuitem"
              data-testid="tile-mute"
              onClick={() => act(call.mute(participantId, !muted))}
            >
              {muted ? 'Unmute' : 'Mute'}
            </button>
          )}
          <button
            type="button"
            role="menuitem"
            class="danger"
            data-testid="tile-kick"
            onClick={() => {
              if (sure.value) act(call.kick(participantId));
              else sure.value = true;
            }}
          >
            {sure.value ? 'Click again to confirm' : phone ? 'Hang up' : 'Remove'}
          </button>
        </div>
      )}
    </div>
  );
}

function within(element: HTMLElement | null, target: EventTarget | null): boolean {
  return element !== null && target instanceof Node && element.contains(target);
}
