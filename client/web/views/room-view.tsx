import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { AppModel, Call, Trouble } from '../model/index.ts';
import { BackupButton } from './backup.tsx';
import { CallPhoneButton } from './call-phone.tsx';
import { GalleryIcon, LeaveIcon, ScreenIcon, ShieldIcon, SpeakerViewIcon } from './icons.tsx';
import { InviteButton } from './invite.tsx';
import { Audio } from './media-element.tsx';
import { HandToggle, RaisedHands } from './raised-hands.tsx';
import { ShortcutSheet } from './shortcut-sheet.tsx';
import { Stage } from './stage.tsx';
import { CameraToggle, MicrophoneToggle } from './toggles.tsx';
import { useShortcuts } from './use-shortcuts.ts';

/** The screen of a call. */
export function RoomView({ model, call }: { model: AppModel; call: Call }) {
  const { media } = model;
  useShortcuts({
    m: () => void media.setMuted(media.microphoneOn.value),
    v: () => void media.setCameraWanted(!media.cameraOn.value),
    s: () => void call.toggleScreen(),
    h: () => void call.toggleHand(),
    g: () => call.toggleView(),
    d: () => call.stats.toggle(),
    '?': () => (sheet.value = true),
  });
  const sheet = useSignal(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${call.room.roomId} – Canopy`;
    // The focused element of the lobby is gone: keyboard users continue at the top of the room.
    heading.current?.focus();
    return () => {
      document.title = 'Canopy';
    };
  }, [call]);
  useEffect(() => {
    if (new URLSearchParams(location.search).has('debug')) {
      call.stats.toggle();
    }
  }, [call]);
  return (
    <div class="room" data-testid="room-view" data-state={call.state.value}>
      <TopBar model={model} call={call} heading={heading} onShortcuts={() => (sheet.value = true)} />
      <ConnectionBanner call={call} />
      {/* Displayed below the tiles but before them in tab order, so that keyboard users need not pass all their buttons. */}
      <Controls model={model} call={call} />
      <main class="stage-area" aria-label="Participants">
        <Stage call={call} media={media} />
      </main>
      {sheet.value && <ShortcutSheet onClose={() => (sheet.value = false)} />}
      <Sound model={model} call={call} />
    </div>
  );
}

function TopBar({
  model,
  call,
  heading,
  onShortcuts,
}: {
  model: AppModel;
  call: Call;
  heading: RefObject<HTMLHeadingElement | null>;
  onShortcuts(): void;
}) {
  const count = call.participants.value.length;
  const identity = model.identity.value;
  // The account's name, not the name in this call, which anyone may choose.
  const { displayName } = call.client.account;
  return (
    <header class="top-bar">
      <h1 ref={heading} dir="auto" tabIndex={-1}>
        {call.room.roomId}
      </h1>
      <span class="count" data-testid="count">
        {count === 1 ? 'Only you' : `${count} people`}
      </span>
      <RaisedHands call={call} />
      <span class="verified" data-testid="identity-verified" title={`Device ${identity?.deviceId ?? ''}`}>
        <ShieldIcon />
        <span class="name" dir="auto">
          Verified as {displayName}
        </span>
      </span>
      {identity && <BackupButton identity={identity} />}
      <button
        type="button"
        class="quiet"
        data-testid="shortcuts"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={onShortcuts}
      >
        ?
      </button>
    </header>
  );
}

/** Reports a lost connection, and media that does not get through. */
function ConnectionBanner({ call }: { call: Call }) {
  const state = call.state.value;
  const trouble = call.trouble.current.value;
  return (
    <div role="status" aria-live="polite">
      {state !== 'connected' && (
        <p class="banner" data-testid="connection">
          {state === 'closed' ? 'The call has ended.' : 'Reconnecting…'}
        </p>
      )}
      {state === 'connected' && trouble && <TroubleBanner trouble={trouble} />}
    </div>
  );
}

function TroubleBanner({ trouble: { sending, receiving, lasts, endpoints } }: { trouble: Trouble }) {
  const what =
    sending && receiving
      ? 'No connection for audio and video.'
      : sending
        ? 'No connection: others cannot hear or see you.'
        : 'No connection: you cannot hear or see others.';
  const ports = new Set(
    endpoints.map(({ protocol, address, port }) => `${protocol.toUpperCase()} ${urlHost(address)}:${port}`),
  );
  return (
    <p class="banner" data-testid="media-trouble">
      {what} Trying again…
      {lasts && (
        <span class="advice">
          {' '}
          A firewall may block {[...ports].join(', ')}. Try another network. The administrator can check the
          server’s ports with <code>canopy doctor</code>.
        </span>
      )}
    </p>
  );
}

function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function Controls({ model, call }: { model: AppModel; call: Call }) {
  const { media } = model;
  const sharing = call.screen.value !== undefined;
  return (
    <nav class="controls" aria-label="Call controls">
      <MicrophoneToggle media={media} />
      <CameraToggle media={media} />
      <button
        type="button"
        class={sharing ? 'round active' : 'round'}
        data-testid="screen"
        aria-keyshortcuts="s"
        title={sharing ? 'Stop sharing (s)' : 'Share screen (s)'}
        aria-label={sharing ? 'Stop sharing' : 'Share screen'}
        onClick={() => void call.toggleScreen()}
      >
        <ScreenIcon />
      </button>
      <HandToggle call={call} />
      <ViewToggle call={call} />
      <InviteButton call={call} />
      <CallPhoneButton call={call} />
      <button
        type="button"
        class="round leave"
        data-testid="leave"
        title="Leave call"
        aria-label="Leave call"
        onClick={() => void model.leave()}
      >
        <LeaveIcon />
      </button>
    </nav>
  );
}

/** Switches between gallery and speaker view. Disabled while a screen is shared, which is always large. */
function ViewToggle({ call }: { call: Call }) {
  const speaker = call.view.value === 'speaker';
  const shared = call.sources.value.some(({ source }) => source === 'screen');
  return (
    <button
      type="button"
      class="round"
      data-testid="view"
      aria-keyshortcuts="g"
      disabled={shared}
      title={speaker ? 'Gallery view (g)' : 'Speaker view (g)'}
      aria-label={speaker ? 'Gallery view' : 'Speaker view'}
      onClick={() => call.toggleView()}
    >
      {speaker ? <GalleryIcon /> : <SpeakerViewIcon />}
    </button>
  );
}

/** Plays the others' audio. Browsers may require a click before a page plays sound. */
function Sound({ model, call }: { model: AppModel; call: Call }) {
  const blocked = useSignal(false);
  const unlocked = useSignal(0);
  const unlock = () => {
    blocked.value = false;
    unlocked.value += 1;
  };
  return (
    <>
      {call.tracks.value
        .filter(({ kind }) => kind === 'audio')
        .map(({ consumerId, track }) => (
          <Audio
            key={consumerId}
            track={track}
            speaker={model.media.choices.value.speaker}
            unlocked={unlocked.value}
            onBlocked={() => (blocked.value = true)}
          />
        ))}
      {blocked.value && (
        <button type="button" class="hear primary" data-testid="hear" onClick={unlock}>
          Click to hear others
        </button>
      )}
    </>
  );
}
