import { type Call, preferences } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { panelKeys } from '../panels/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { setShortcutsOn, shortcutsOn } from './use-shortcuts.ts';

/** Each key with its meaning, by the meaning's string. */
const SHORTCUTS = [
  ['m', 'microphone'],
  ['v', 'camera'],
  ['s', 'screen'],
  ['h', 'hand'],
  ['g', 'view'],
  ['f', 'fullScreen'],
  ['d', 'statistics'],
  ['?', 'sheet'],
] as const;

/** Lists the keyboard shortcuts, and turns them off. */
export function ShortcutSheet({ call, onClose }: { call: Call; onClose(): void }) {
  const { common, shortcuts } = strings.value;
  const keys = [
    ...SHORTCUTS.map(([key, what]) => [key, shortcuts[what]] as const),
    ...panelKeys(call),
    ...(preferences.value.pushToTalk ? [[shortcuts.space, shortcuts.talk] as const] : []),
  ];
  return (
    <Dialog title={shortcuts.heading} onClose={onClose}>
      <dl class="shortcuts">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <CheckField
        testId="shortcuts-on"
        checked={shortcutsOn.value}
        onChange={(checked) => setShortcutsOn(checked)}
        label={shortcuts.enable}
      />
      <CloseButton label={common.close} />
    </Dialog>
  );
}
