import { Dialog } from './dialog.tsx';
import { setShortcutsOn, shortcutsOn } from './use-shortcuts.ts';

const SHORTCUTS = [
  ['m', 'Mute or unmute'],
  ['v', 'Turn your camera on or off'],
  ['s', 'Share your screen or stop sharing'],
  ['h', 'Raise or lower your hand'],
  ['g', 'Gallery view or speaker view'],
  ['d', 'Show statistics'],
  ['?', 'Show this list'],
] as const;

/** Lists the keyboard shortcuts, and turns them off. */
export function ShortcutSheet({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl class="shortcuts">
        {SHORTCUTS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          data-testid="shortcuts-on"
          checked={shortcutsOn.value}
          onChange={(event) => setShortcutsOn(event.currentTarget.checked)}
        />
        Enable single-key shortcuts
      </label>
      <form method="dialog">
        <button type="submit" class="quiet">
          Close
        </button>
      </form>
    </Dialog>
  );
}
