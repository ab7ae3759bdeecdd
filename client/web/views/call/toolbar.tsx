import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { type AppModel, type Call, selfView, setSelfView } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { canBackUp, LazyBackupDialog } from '../identity/backup-dialog.ts';
import { PanelButtons, PanelItems } from '../panels/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import {
  BackupIcon,
  GalleryIcon,
  InviteIcon,
  KeyboardIcon,
  LeaveIcon,
  MoreIcon,
  PhoneIcon,
  RoomIcon,
  ScreenIcon,
  ShowIcon,
  SpeakerViewIcon,
  StatisticsIcon,
} from '../parts/icons.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { FullScreenItem } from './full-screen.tsx';
import { LockItem } from './lock.tsx';
import { PictureInPictureItem } from './picture-in-picture.tsx';
import { HandToggle } from './raised-hands.tsx';
import { ReactionButton, ReactionChoices, ReactionSummary } from './reactions.tsx';
import { CameraToggle, MicrophoneToggle } from './toggles.tsx';

const CallPhoneDialog = lazyView(async () => (await import('./call-phone.tsx')).CallPhoneDialog);
const InviteDialog = lazyView(async () => (await import('../rooms/invite.tsx')).InviteDialog);
const CaptionItems = lazyView(async () => (await import('./captions.tsx')).CaptionItems);
const OutputItems = lazyView(async () => (await import('./outputs.tsx')).OutputItems);
const RoomSettings = lazyView(async () => (await import('../rooms/room-settings.tsx')).RoomSettings);

interface ToolbarProps {
  model: AppModel;
  call: Call;
  /** Whether a panel covers it. */
  isCovered: boolean;
  onShortcuts(): void;
}

type DialogName = 'invite' | 'phone' | 'backup';

/**
 * The buttons of a call: those that everyone needs in the middle, side panels at the end, all else in a menu. On narrow screens, more of them
 * are in the menu: elements of the classes `from-medium` and `from-wide` disappear there, and those of `below-medium` and `below-wide` appear.
 */
export function Toolbar({ model, call, isCovered, onShortcuts }: ToolbarProps) {
  const { media } = model;
  const { controls, invite, phones } = strings.value;
  const dialog = useSignal<DialogName | undefined>(undefined);
  const close = () => {
    dialog.value = undefined;
  };
  const settings = useSignal(false);
  const view = viewChoice(call);
  return (
    <nav class="controls" aria-label={controls.label} inert={isCovered}>
      <ReactionSummary call={call} />
      <div class="controls-main">
        <MicrophoneToggle media={media} />
        <CameraToggle media={media} />
        {canShareScreen && <ScreenToggle call={call} />}
        <HandToggle call={call} />
        <ReactionButton call={call} />
        <IconButton
          testId="view"
          look="round from-wide"
          shortcut="g"
          disabled={view.disabled}
          label={view.label}
          onClick={() => call.toggleView()}
        >
          {view.icon}
        </IconButton>
        <MenuButton label={controls.more} testId="more" icon={<MoreIcon />} buttonClass="round">
          <ReactionChoices call={call} itemClass="below-medium" />
          <PanelItems call={call} />
          {call.may('room.invite') && (
            <MenuItem
              testId="more-invite"
              itemClass="below-wide"
              icon={<InviteIcon />}
              onSelect={() => (dialog.value = 'invite')}
            >
              {invite.heading}
            </MenuItem>
          )}
          {call.may('call.dial') && (
            <MenuItem
              testId="more-call-phone"
              itemClass="below-wide"
              icon={<PhoneIcon />}
              onSelect={() => (dialog.value = 'phone')}
            >
              {phones.call}
            </MenuItem>
          )}
          {canShareScreen && (
            <MenuItem
              testId="more-screen"
              itemClass="below-medium"
              icon={<ScreenIcon />}
              onSelect={() => void call.toggleScreen()}
            >
              {screenLabel(call)}
            </MenuItem>
          )}
          {!view.disabled && (
            <MenuItem
              testId="more-view"
              itemClass="below-wide"
              icon={view.icon}
              onSelect={() => call.toggleView()}
            >
              {view.label}
            </MenuItem>
          )}
          {selfView.value === 'hidden' && (
            <MenuItem testId="self-show" icon={<ShowIcon />} onSelect={() => setSelfView('auto')}>
              {strings.value.own.show}
            </MenuItem>
          )}
          <FullScreenItem />
          <PictureInPictureItem model={model} call={call} />
          {canBackUp(model) && (
            <MenuItem testId="more-backup" icon={<BackupIcon />} onSelect={() => (dialog.value = 'backup')}>
              {strings.value.backup.save}
            </MenuItem>
          )}
          <MenuItem
            testId="more-statistics"
            icon={<StatisticsIcon />}
            shortcut="d"
            onSelect={() => call.stats.toggle()}
          >
            {controls.statistics}
          </MenuItem>
          <OutputItems call={call} notices={model.notices} />
          <CaptionItems call={call} />
          <LockItem call={call} />
          {call.owns && (
            <MenuItem testId="room-settings" icon={<RoomIcon />} onSelect={() => (settings.value = true)}>
              {strings.value.rooms.settings}
            </MenuItem>
          )}
          <MenuItem
            testId="more-shortcuts"
            itemClass="by-keyboard"
            icon={<KeyboardIcon />}
            shortcut="?"
            onSelect={onShortcuts}
          >
            {strings.value.shortcuts.heading}
          </MenuItem>
        </MenuButton>
        <IconButton
          testId="leave"
          look="round leave"
          label={call.person === undefined ? controls.leave : strings.value.calls.hangUp}
          onClick={() => void model.leave()}
        >
          <LeaveIcon />
        </IconButton>
      </div>
      <div class="controls-panels">
        {call.may('room.invite') && (
          <IconButton
            testId="invite"
            look="round from-wide"
            label={invite.heading}
            onClick={() => (dialog.value = 'invite')}
          >
            <InviteIcon />
          </IconButton>
        )}
        {call.may('call.dial') && (
          <IconButton
            testId="call-phone"
            look="round from-wide"
            label={phones.call}
            onClick={() => (dialog.value = 'phone')}
          >
            <PhoneIcon />
          </IconButton>
        )}
        <PanelButtons call={call} />
      </div>
      {dialog.value === 'invite' && <InviteDialog call={call} onClose={close} />}
      {dialog.value === 'phone' && <CallPhoneDialog call={call} calls={model.calls} onClose={close} />}
      {dialog.value === 'backup' && <LazyBackupDialog model={model} onClose={close} />}
      {settings.value && (
        <RoomSettings
          model={model}
          roomId={call.room.roomId}
          call={call}
          onClose={() => (settings.value = false)}
        />
      )}
    </nav>
  );
}

/** Phones cannot share their screen. */
const canShareScreen = typeof navigator.mediaDevices?.getDisplayMedia === 'function';

function screenLabel(call: Call): string {
  return call.screen.value ? strings.value.controls.stopSharing : strings.value.controls.shareScreen;
}

function ScreenToggle({ call }: { call: Call }) {
  return (
    <IconButton
      testId="screen"
      look={call.screen.value ? 'round from-medium active' : 'round from-medium'}
      shortcut="s"
      label={screenLabel(call)}
      onClick={() => void call.toggleScreen()}
    >
      <ScreenIcon />
    </IconButton>
  );
}

/** The other view, gallery or speaker. Neither while a screen is shared, which is always large. */
function viewChoice(call: Call): { label: string; icon: ComponentChildren; disabled: boolean } {
  const { galleryView, speakerView } = strings.value.controls;
  const speaker = call.view.value === 'speaker';
  return {
    label: speaker ? galleryView : speakerView,
    icon: speaker ? <GalleryIcon /> : <SpeakerViewIcon />,
    disabled: call.sources.value.some(({ source }) => source === 'screen'),
  };
}
