import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { LockIcon, UnlockedIcon } from '../parts/icons.tsx';
import { MenuItem } from '../parts/menu.tsx';

/** Beside the room's title: whether it is locked. Moderators lock and unlock it with a click. */
export function Lock({ call }: { call: Call }) {
  const { locked } = call.info.value;
  const { rooms: words } = strings.value;
  if (call.may('room.lock')) {
    const label = locked ? words.unlock : words.lock;
    return (
      <IconButton
        label={label}
        testId="lock"
        look={locked ? 'icon-button lock locked' : 'icon-button lock'}
        data={{ 'data-locked': locked }}
        onClick={() => void call.toggleLock()}
      >
        {locked ? <LockIcon /> : <UnlockedIcon />}
      </IconButton>
    );
  }
  return locked ? (
    <span class="lock locked" data-testid="locked" title={words.isLocked}>
      <LockIcon />
      <span class="sr-only">{words.isLocked}</span>
    </span>
  ) : null;
}

/** The same in the menu, for screens without space in the top bar. */
export function LockItem({ call }: { call: Call }) {
  const { locked } = call.info.value;
  const { rooms: words } = strings.value;
  return call.may('room.lock') ? (
    <MenuItem
      testId="lock-item"
      icon={locked ? <UnlockedIcon /> : <LockIcon />}
      onSelect={() => void call.toggleLock()}
    >
      {locked ? words.unlock : words.lock}
    </MenuItem>
  ) : null;
}
