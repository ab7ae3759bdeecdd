import { useEffect } from 'preact/hooks';
import type { LocalMedia } from '../../model/index.ts';
import { preferences } from '../../model/index.ts';

/** A shorter press of the microphone's button switches it, as anywhere else, in milliseconds. */
const TAP_MS = 300;

/** Whoever is muted talks while holding the space bar, unless it operates what has the focus. */
export function usePushToTalk(media: LocalMedia): void {
  useEffect(() => {
    let pressed: { atMs: number; onButton: boolean } | undefined;
    const release = (tapped: boolean) => {
      if (!pressed) {
        return;
      }
      const { onButton, atMs } = pressed;
      pressed = undefined;
      if (tapped && onButton && performance.now() - atMs < TAP_MS) {
        void media.setMuted(false);
      } else {
        void media.setTalking(false);
      }
    };
    const down = (event: KeyboardEvent) => {
      if (event.key !== ' ' || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) {
        return;
      }
      if (pressed) {
        // The key repeats; it must neither scroll nor click.
        event.preventDefault();
        return;
      }
      const target = event.target instanceof Element ? event.target : undefined;
      const onButton = target?.closest('[data-testid=microphone]') !== null && target !== undefined;
      if (event.repeat || !preferences.value.pushToTalk || !media.muted.value) {
        return;
      }
      if (
        !onButton &&
        target?.closest('button, a, input, textarea, select, summary, video, dialog, [role=menu]')
      ) {
        return;
      }
      event.preventDefault();
      pressed = { atMs: performance.now(), onButton };
      void media.setTalking(true);
    };
    const up = (event: KeyboardEvent) => {
      if (event.key === ' ' && pressed) {
        // Otherwise it would click the button.
        event.preventDefault();
        release(true);
      }
    };
    // The key may be released elsewhere.
    const away = () => release(false);
    addEventListener('keydown', down);
    addEventListener('keyup', up);
    addEventListener('blur', away);
    return () => {
      away();
      removeEventListener('keydown', down);
      removeEventListener('keyup', up);
      removeEventListener('blur', away);
    };
  }, [media]);
}
