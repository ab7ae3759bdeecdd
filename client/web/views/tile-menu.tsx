import { useSignal } from '@preact/signals';
import type { Participant } from '../../sdk/index.ts';
import type { Call } from '../model/index.ts';
import { strings } from '../strings/index.ts';
import { MoreIcon } from './icons.tsx';
import { MenuButton, MenuItem } from './menu.tsx';
import { LazyPersonDialog } from './quality.tsx';
import { RenameDialog } from './rename.tsx';

/** Actions on someone: volume and connection, and for moderators: mute them, lower their hand, rename or remove them. */
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
  const { displayName } = participant;
  const renaming = useSignal(false);
  const showing = useSignal(false);
  return (
    <div class="actions">
      <MenuButton
        label={strings.value.tile.actionsFor(displayName)}
        testId="tile-menu"
        icon={<MoreIcon />}
        buttonClass="menu-button"
      >
        <MenuItem testId="tile-person" onSelect={() => (showing.value = true)}>
          {strings.value.quality.open}
        </MenuItem>
        {call.moderates && (
          <Items
            call={call}
            participant={participant}
            muted={muted}
            onRename={() => (renaming.value = true)}
          />
        )}
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

function Items({
  call,
  participant: { participantId, kind },
  muted,
  onRename,
}: {
  call: Call;
  participant: Participant;
  muted: boolean | undefined;
  onRename(): void;
}) {
  const confirming = useSignal(false);
  const phone = kind === 'phone';
  const { tile } = strings.value;
  const canToggleMute = muted === false || (phone && muted === true);
  return (
    <>
      {canToggleMute && (
        <MenuItem testId="tile-mute" onSelect={() => void call.mute(participantId, !muted)}>
          {muted ? tile.unmute : tile.mute}
        </MenuItem>
      )}
      {call.hands.value.includes(participantId) && (
        <MenuItem testId="tile-lower-hand" onSelect={() => void call.lowerHand(participantId)}>
          {strings.value.controls.lowerHand}
        </MenuItem>
      )}
      <MenuItem testId="tile-rename" onSelect={onRename}>
        {tile.rename}
      </MenuItem>
      <MenuItem
        testId="tile-kick"
        danger
        kept={!confirming.value}
        onSelect={() => {
          if (confirming.value) {
            void call.kick(participantId);
          }
          confirming.value = true;
        }}
      >
        {confirming.value ? tile.confirm : phone ? tile.hangUp : tile.remove}
      </MenuItem>
    </>
  );
}
