import { useSignal } from '@preact/signals';
import type { Participant } from '../../../sdk/index.ts';
import { type Call, seatKey } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { ContactItems, VerifyPerson } from '../contacts/contact-items.tsx';
import { MoreIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { LazyPersonDialog } from '../stage/quality.tsx';
import { BanDialog } from './ban.tsx';
import { RenameDialog } from './rename.tsx';
import { RoleDialog } from './role.tsx';

/** A button with the actions on one person, as far as this user may take them. */
export function PersonMenu({
  call,
  participant,
  testId,
  withPin = false,
}: {
  call: Call;
  participant: Participant;
  testId: string;
  /** Offer pinning, where a click on the tile does not. Default false. */
  withPin?: boolean;
}) {
  const dialog = useSignal<'connection' | 'rename' | 'role' | 'ban' | 'verify' | undefined>(undefined);
  const close = () => {
    dialog.value = undefined;
  };
  const isSelf = participant.participantId === call.room.participantId;
  return (
    <>
      <MenuButton
        label={strings.value.tile.actionsFor(participant.displayName)}
        testId={testId}
        icon={<MoreIcon />}
        buttonClass="menu-button"
      >
        {!isSelf && (
          <MenuItem testId="tile-person" onSelect={() => (dialog.value = 'connection')}>
            {strings.value.quality.open}
          </MenuItem>
        )}
        {withPin && !isSelf && <PinItem call={call} participant={participant} />}
        {!isSelf && (
          <ContactItems call={call} participant={participant} onVerify={() => (dialog.value = 'verify')} />
        )}
        {call.moderates && !isSelf && <MediaItems call={call} participant={participant} />}
        {(call.moderates || isSelf) && (
          <StandingItems call={call} participant={participant} onRole={() => (dialog.value = 'role')} />
        )}
        {(call.moderates || isSelf) && (
          <MenuItem testId="tile-rename" onSelect={() => (dialog.value = 'rename')}>
            {strings.value.tile.rename}
          </MenuItem>
        )}
        {call.moderates && !isSelf && (
          <RemovalItems call={call} participant={participant} onBan={() => (dialog.value = 'ban')} />
        )}
      </MenuButton>
      {dialog.value === 'connection' && (
        <LazyPersonDialog call={call} participant={participant} onClose={close} />
      )}
      {dialog.value === 'verify' && <VerifyPerson call={call} participant={participant} onClose={close} />}
      {dialog.value === 'rename' && <RenameDialog call={call} participant={participant} onClose={close} />}
      {dialog.value === 'role' && <RoleDialog call={call} participant={participant} onClose={close} />}
      {dialog.value === 'ban' && <BanDialog call={call} participant={participant} onClose={close} />}
    </>
  );
}

interface ItemProps {
  call: Call;
  participant: Participant;
}

function PinItem({ call, participant: { participantId } }: ItemProps) {
  const key = seatKey({ participantId });
  return (
    <MenuItem testId="person-pin" onSelect={() => call.togglePin(key)}>
      {call.pinned.value === key ? strings.value.tile.unpin : strings.value.tile.pin}
    </MenuItem>
  );
}

/** Muting, and stopping video; or asking for them. */
function MediaItems({ call, participant: { participantId, kind, roomRole } }: ItemProps) {
  const { people } = strings.value;
  const { moderation } = call;
  const denied = moderation.restraints.value.get(participantId)?.denied ?? [];
  const sends = (source: string) =>
    call.sources.value.find((each) => each.participantId === participantId && each.source === source);
  const microphone = sends('microphone');
  const camera = sends('camera');
  const phone = kind === 'phone';
  // Owners and moderators may always start again.
  const isFree = roomRole === 'owner' || roomRole === 'moderator';
  return (
    <>
      {microphone?.muted === false && (
        <MenuItem testId="tile-mute" onSelect={() => void call.mute(participantId, true)}>
          {people.mute}
        </MenuItem>
      )}
      {phone && microphone?.muted === true && (
        <MenuItem testId="tile-mute" onSelect={() => void call.mute(participantId, false)}>
          {people.unmute}
        </MenuItem>
      )}
      {!phone && microphone?.muted !== false && (
        <MenuItem testId="person-ask" onSelect={() => void moderation.ask(participantId, 'microphone')}>
          {denied.includes('microphone') ? people.allowToSpeak : people.askToUnmute}
        </MenuItem>
      )}
      {!isFree && !denied.includes('microphone') && (
        <MenuItem testId="person-keep-muted" onSelect={() => void moderation.keepMuted(participantId)}>
          {people.keepMuted}
        </MenuItem>
      )}
      {camera?.muted === false && (
        <MenuItem
          testId="person-stop-camera"
          onSelect={() => void moderation.stopVideo(participantId, 'camera')}
        >
          {people.stopCamera}
        </MenuItem>
      )}
      {camera?.muted === false && !isFree && (
        <MenuItem
          testId="person-keep-camera-off"
          onSelect={() => void moderation.stopVideo(participantId, 'camera', true)}
        >
          {people.keepCameraOff}
        </MenuItem>
      )}
      {!phone && camera?.muted !== false && (
        <MenuItem testId="person-ask-camera" onSelect={() => void moderation.ask(participantId, 'camera')}>
          {denied.includes('camera') ? people.allowCamera : people.askForCamera}
        </MenuItem>
      )}
      {sends('screen') && (
        <MenuItem
          testId="person-stop-screen"
          onSelect={() => void moderation.stopVideo(participantId, 'screen', !isFree)}
        >
          {people.stopScreen}
        </MenuItem>
      )}
      {denied.includes('screen') && (
        <MenuItem testId="person-ask-screen" onSelect={() => void moderation.ask(participantId, 'screen')}>
          {people.allowScreen}
        </MenuItem>
      )}
    </>
  );
}

/** The spotlight, the raised hand, and the role in the room. */
function StandingItems({ call, participant, onRole }: ItemProps & { onRole(): void }) {
  const { participantId, kind, role } = participant;
  const { people } = strings.value;
  const isSelf = participantId === call.room.participantId;
  const isLit = call.spotlight.value.includes(participantId);
  // Admins own every room, and phones and streams have fixed roles.
  const mayChangeRole = call.owns && !isSelf && kind === 'user' && role !== 'admin';
  return (
    <>
      {(isLit || (call.moderates && call.spotlight.value.length < 3)) && (
        <MenuItem testId="person-spotlight" onSelect={() => void call.setSpotlight(participantId, !isLit)}>
          {isLit ? people.unspotlight : people.spotlight}
        </MenuItem>
      )}
      {!isSelf && call.hands.value.includes(participantId) && (
        <MenuItem testId="tile-lower-hand" onSelect={() => void call.lowerHand(participantId)}>
          {strings.value.controls.lowerHand}
        </MenuItem>
      )}
      {mayChangeRole && (
        <MenuItem testId="person-role" onSelect={onRole}>
          {people.changeRole}
        </MenuItem>
      )}
    </>
  );
}

function RemovalItems({ call, participant, onBan }: ItemProps & { onBan(): void }) {
  const { participantId, kind, role } = participant;
  const confirming = useSignal(false);
  const { people, tile } = strings.value;
  const phone = kind === 'phone';
  return (
    <>
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
      {!phone && role !== 'admin' && (
        <MenuItem testId="person-ban" danger onSelect={onBan}>
          {people.ban}
        </MenuItem>
      )}
    </>
  );
}
