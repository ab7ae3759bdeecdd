import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Participant } from '../../sdk/index.ts';
import type { Call } from '../model/index.ts';
import { MoreIcon } from './icons.tsx';
import { RenameDialog } from './rename.tsx';

/** What moderators may do: mute someone, lower their hand, rename or remove them. */
export function TileMenu({
  call,
  participant,
  muted,
}: {
  call: Call;
  participant: Participant;
  /** Undefined while nothing is sent. */
  muted: boolean | undefined;
}) {
  const { participantId, displayName, kind } = participant;
  const open = useSignal(false);
  const renaming = useSignal(false);
  const sure = useSignal(false);
  const element = useRef<HTMLDivElement>(null);
  const items = () => [...(element.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
  const phone = kind === 'phone';
  const shut = () => {
    open.value = false;
    sure.value = false;
  };
  const shutAndFocus = () => {
    shut();
    element.current?.querySelector<HTMLElement>('.menu-button')?.focus();
  };
  // Before the next key arrives.
  useLayoutEffect(() => {
    if (!open.value) return;
    items()[0]?.focus();
    const clicked = ({ target }: Event) => {
      if (!within(element.current, target)) shut();
    };
    const pressed = (event: KeyboardEvent) => {
      const target = menuTarget(event.key, items());
      target?.focus();
      if (event.key === 'Escape') shutAndFocus();
      else if (event.key === 'Tab') shut();
      if (target || event.key === 'Escape') event.preventDefault();
    };
    addEventListener('pointerdown', clicked);
    addEventListener('keydown', pressed);
    return () => {
      removeEventListener('pointerdown', clicked);
      removeEventListener('keydown', pressed);
    };
  }, [open.value]);
  const act = (done: Promise<void>) => {
    shutAndFocus();
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
              tabIndex={-1}
              data-testid="tile-mute"
              onClick={() => act(call.mute(participantId, !muted))}
            >
              {muted ? 'Unmute' : 'Mute'}
            </button>
          )}
          {call.hands.value.includes(participantId) && (
            <button
              type="button"
              role="menuitem"
              tabIndex={-1}
              data-testid="tile-lower-hand"
              onClick={() => act(call.lowerHand(participantId))}
            >
              Lower hand
            </button>
          )}
          <button
            type="button"
            role="menuitem"
            tabIndex={-1}
            data-testid="tile-rename"
            onClick={() => {
              shutAndFocus();
              renaming.value = true;
            }}
          >
            Rename…
          </button>
          <button
            type="button"
            role="menuitem"
            tabIndex={-1}
            class="danger"
            data-testid="tile-kick"
            onClick={() => {
              if (sure.value) act(call.kick(participantId));
              else sure.value = true;
            }}
          >
            {sure.value ? 'Click again to confirm' : phone ? 'Hang up' : 'Remove from call'}
          </button>
        </div>
      )}
      {renaming.value && (
        <RenameDialog call={call} participant={participant} onClose={() => (renaming.value = false)} />
      )}
    </div>
  );
}

function within(element: HTMLElement | null, target: EventTarget | null): boolean {
  return element !== null && target instanceof Node && element.contains(target);
}

/** Where a key leads in a menu (ARIA Authoring Practices, menu button). */
function menuTarget(key: string, items: HTMLElement[]): HTMLElement | undefined {
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (key === 'ArrowDown') return items[(at + 1) % items.length];
  if (key === 'ArrowUp') return items.at(at - 1);
  if (key === 'Home') return items[0];
  return key === 'End' ? items.at(-1) : undefined;
}
