import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Participant } from '../../sdk/index.ts';
import type { Call } from '../model/index.ts';
import { MoreIcon } from './icons.tsx';
import { RenameDialog } from './rename.tsx';

/** A moderator's actions: mute someone, lower their hand, rename or remove them. */
export function TileMenu({
  call,
  participant,
  muted,
}: {
  call: Call;
  participant: Participant;
  /** Undefined while there is no microphone. */
  muted: boolean | undefined;
}) {
  const { participantId, displayName, kind } = participant;
  const open = useSignal(false);
  const renaming = useSignal(false);
  const confirming = useSignal(false);
  const element = useRef<HTMLDivElement>(null);
  const items = () => [...(element.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
  const phone = kind === 'phone';
  const close = () => {
    open.value = false;
    confirming.value = false;
  };
  const closeAndFocus = () => {
    close();
    element.current?.querySelector<HTMLElement>('.menu-button')?.focus();
  };
  // Before the browser handles the next key.
  useLayoutEffect(() => {
    if (!open.value) {
      return;
    }
    items()[0]?.focus();
    const clicked = ({ target }: Event) => {
      if (!within(element.current, target)) {
        close();
      }
    };
    const pressed = (event: KeyboardEvent) => {
      const target = menuTarget(event.key, items());
      target?.focus();
      if (event.key === 'Escape') {
        closeAndFocus();
      } else if (event.key === 'Tab') {
        close();
      }
      if (target || event.key === 'Escape') {
        event.preventDefault();
      }
    };
    addEventListener('pointerdown', clicked);
    addEventListener('keydown', pressed);
    return () => {
      removeEventListener('pointerdown', clicked);
      removeEventListener('keydown', pressed);
    };
  }, [open.value]);
  const act = (done: Promise<void>) => {
    closeAndFocus();
    void done;
  };
  const canToggleMute = muted === false || (phone && muted === true);
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
          {canToggleMute && (
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
              closeAndFocus();
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
              if (confirming.value) {
                act(call.kick(participantId));
              } else {
                confirming.value = true;
              }
            }}
          >
            {confirming.value ? 'Click again to confirm' : phone ? 'Hang up' : 'Remove from call'}
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

/** The menu item that a key moves the focus to (ARIA Authoring Practices, menu button pattern). */
function menuTarget(key: string, items: HTMLElement[]): HTMLElement | undefined {
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (key === 'ArrowDown') {
    return items[(at + 1) % items.length];
  }
  if (key === 'ArrowUp') {
    return items.at(at - 1);
  }
  if (key === 'Home') {
    return items[0];
  }
  return key === 'End' ? items.at(-1) : undefined;
}
