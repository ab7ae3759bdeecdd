import { useSignal } from '@preact/signals';
import type { Participant } from '../../../sdk/index.ts';
import { type Call, moveSelf, selfView, setSelfView } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { ConnectionIcon, EditIcon, GalleryIcon, HideIcon, MoreIcon, MoveIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { RenameDialog } from '../people/rename.tsx';
import { LazyPersonDialog } from './quality.tsx';

/** Actions on this user's own tile: their name, and where the tile is. */
export function OwnTileMenu({ call, participant }: { call: Call; participant: Participant }) {
  const renaming = useSignal(false);
  const showing = useSignal(false);
  const { own } = strings.value;
  return (
    <div class="actions">
      <MenuButton label={own.menu} testId="own-menu" icon={<MoreIcon />} buttonClass="menu-button">
        <MenuItem testId="rename" icon={<EditIcon />} onSelect={() => (renaming.value = true)}>
          {strings.value.rename.own}
        </MenuItem>
        {call.participants.value.length > 1 && <SelfViewItems call={call} />}
        <MenuItem testId="own-quality" icon={<ConnectionIcon />} onSelect={() => (showing.value = true)}>
          {strings.value.quality.openOwn}
        </MenuItem>
      </MenuButton>
      {showing.value && (
        <LazyPersonDialog call={call} participant={participant} onClose={() => (showing.value = false)} />
      )}
      {renaming.value && (
        <RenameDialog call={call} participant={participant} onClose={() => (renaming.value = false)} />
      )}
    </div>
  );
}

function SelfViewItems({ call }: { call: Call }) {
  const { own } = strings.value;
  const view = selfView.value;
  const floats = view === 'floating' || (view === 'auto' && call.participants.value.length === 2);
  return (
    <>
      {floats && (
        <MenuItem testId="self-move" icon={<MoveIcon />} onSelect={() => moveSelf()}>
          {own.move}
        </MenuItem>
      )}
      {floats ? (
        <MenuItem testId="self-tile" icon={<GalleryIcon />} onSelect={() => setSelfView('tile')}>
          {own.tile}
        </MenuItem>
      ) : (
        <MenuItem testId="self-float" icon={<MoveIcon />} onSelect={() => setSelfView('floating')}>
          {own.float}
        </MenuItem>
      )}
      <MenuItem testId="self-hide" icon={<HideIcon />} onSelect={() => setSelfView('hidden')}>
        {own.hide}
      </MenuItem>
    </>
  );
}
