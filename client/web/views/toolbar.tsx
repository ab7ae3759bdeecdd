import type { AppModel, Call } from '../model/index.ts';
import { strings } from '../strings/index.ts';
import { CallPhoneButton } from './call-phone.tsx';
import { GalleryIcon, KeyboardIcon, LeaveIcon, MoreIcon, ScreenIcon, SpeakerViewIcon } from './icons.tsx';
import { InviteButton } from './invite.tsx';
import { MenuButton, MenuItem } from './menu.tsx';
import { PanelButtons, PanelItems } from './panels/index.ts';
import { HandToggle } from './raised-hands.tsx';
import { ReactionButton, ReactionSummary } from './reactions.tsx';
import { CameraToggle, MicrophoneToggle } from './toggles.tsx';

interface ToolbarProps {
  model: AppModel;
  call: Call;
  onShortcuts(): void;
}

/** The buttons of a call: what everyone needs in the middle, side panels at the end, all else in a menu. */
export function Toolbar({ model, call, onShortcuts }: ToolbarProps) {
  const { media } = model;
  const { controls } = strings.value;
  return (
    <nav class="controls" aria-label={controls.label}>
      <ReactionSummary call={call} />
      <div class="controls-main">
        <MicrophoneToggle media={media} />
        <CameraToggle media={media} />
        <ScreenToggle call={call} />
        <HandToggle call={call} />
        <ReactionButton call={call} />
        <ViewToggle call={call} />
        <InviteButton call={call} />
        <CallPhoneButton call={call} />
        <MenuButton label={controls.more} testId="more" icon={<MoreIcon />} buttonClass="round">
          <PanelItems call={call} />
          <MenuItem testId="more-shortcuts" icon={<KeyboardIcon />} shortcut="?" onSelect={onShortcuts}>
            {strings.value.shortcuts.heading}
          </MenuItem>
        </MenuButton>
        <button
          type="button"
          class="round leave"
          data-testid="leave"
          title={controls.leave}
          aria-label={controls.leave}
          onClick={() => void model.leave()}
        >
          <LeaveIcon />
        </button>
      </div>
      <div class="controls-panels">
        <PanelButtons call={call} />
      </div>
    </nav>
  );
}

function ScreenToggle({ call }: { call: Call }) {
  const sharing = call.screen.value !== undefined;
  const label = sharing ? strings.value.controls.stopSharing : strings.value.controls.shareScreen;
  return (
    <button
      type="button"
      class={sharing ? 'round active' : 'round'}
      data-testid="screen"
      aria-keyshortcuts="s"
      title={strings.value.common.withShortcut(label, 's')}
      aria-label={label}
      onClick={() => void call.toggleScreen()}
    >
      <ScreenIcon />
    </button>
  );
}

/** Switches between gallery and speaker view. Disabled while a screen is shared, which is always large. */
function ViewToggle({ call }: { call: Call }) {
  const speaker = call.view.value === 'speaker';
  const shared = call.sources.value.some(({ source }) => source === 'screen');
  const label = speaker ? strings.value.controls.galleryView : strings.value.controls.speakerView;
  return (
    <button
      type="button"
      class="round"
      data-testid="view"
      aria-keyshortcuts="g"
      disabled={shared}
      title={strings.value.common.withShortcut(label, 'g')}
      aria-label={label}
      onClick={() => call.toggleView()}
    >
      {speaker ? <GalleryIcon /> : <SpeakerViewIcon />}
    </button>
  );
}
