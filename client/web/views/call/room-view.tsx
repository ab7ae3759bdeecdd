import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { AppModel, Call, Trouble } from '../../model/index.ts';
import { loadLateStrings, strings } from '../../strings/index.ts';
import { BreakoutBanner } from '../breakouts/breakout-banner.tsx';
import { ChatToast } from '../chat/chat-toast.tsx';
import { FileDrop } from '../chat/file-drop.tsx';
import { panelShortcuts, SidePanel } from '../panels/index.ts';
import { ScreenIcon, ShieldIcon } from '../parts/icons.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { Audio } from '../parts/media-element.tsx';
import { useMedia } from '../parts/use-media.ts';
import { Stage } from '../stage/stage.tsx';
import { AskedDialog } from './asked.tsx';
import { toggleFullScreen } from './full-screen.tsx';
import { Lock } from './lock.tsx';
import { RaisedHands } from './raised-hands.tsx';
import { ShortcutSheet } from './shortcut-sheet.tsx';
import { Toolbar } from './toolbar.tsx';
import { usePushToTalk } from './use-push-to-talk.ts';
import { useShortcuts } from './use-shortcuts.ts';

const CaptionLines = lazyView(async () => (await import('./captions.tsx')).CaptionLines);
const CaptionsSign = lazyView(async () => (await import('./captions.tsx')).CaptionsSign);
const EncryptionSign = lazyView(async () => {
  await loadLateStrings();
  return (await import('../encryption/encryption-sign.tsx')).EncryptionSign;
});
const OutputSigns = lazyView(async () => (await import('./outputs.tsx')).OutputSigns);

/** Windows in which a panel is a sheet: see panels.css. */
const SHEET = '(max-width: 45rem)';

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
    f: () => void toggleFullScreen(),
    '?': () => (sheet.value = true),
    ...panelShortcuts(call),
  });
  usePushToTalk(media);
  const sheet = useSignal(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // The focused element of the lobby is gone: keyboard users continue at the top of the room.
    heading.current?.focus();
  }, [call]);
  useEffect(() => {
    if (new URLSearchParams(location.search).has('debug')) {
      call.stats.toggle();
    }
  }, [call]);
  // A sheet over everything else: the keyboard does not get behind it.
  const isCovered = useMedia(SHEET).value && call.panel.value !== undefined;
  return (
    <div
      class={call.panel.value ? 'room with-panel' : 'room'}
      data-testid="room-view"
      data-state={call.state.value}
    >
      <TopBar model={model} call={call} heading={heading} isCovered={isCovered} />
      <BreakoutBanner call={call} />
      <ConnectionBanner call={call} />
      {/* Displayed below the tiles but before them in tab order, so that keyboard users need not pass all their buttons. */}
      <Toolbar model={model} call={call} isCovered={isCovered} onShortcuts={() => (sheet.value = true)} />
      <main class="stage-area" aria-label={strings.value.room.participants} inert={isCovered}>
        <Stage call={call} media={media} />
        <CaptionLines call={call} />
      </main>
      <ChatToast call={call} />
      <FileDrop call={call} />
      <SidePanel model={model} call={call} />
      <AskedDialog call={call} />
      {sheet.value && <ShortcutSheet call={call} onClose={() => (sheet.value = false)} />}
      <Sound model={model} call={call} />
    </div>
  );
}

function TopBar({
  model,
  call,
  heading,
  isCovered,
}: {
  model: AppModel;
  call: Call;
  heading: RefObject<HTMLHeadingElement | null>;
  isCovered: boolean;
}) {
  const count = call.headcount;
  const identity = model.identity.value;
  // The account's name, not the name in this call, which anyone may choose.
  const { displayName, role } = call.client.account;
  const { room } = strings.value;
  const isGuest = role === 'guest';
  return (
    <header class="top-bar" inert={isCovered}>
      <h1 ref={heading} dir="auto" tabIndex={-1}>
        {call.name}
      </h1>
      <Lock call={call} />
      <span class="count" data-testid="count">
        {room.count(count)}
      </span>
      {call.room.encryption && <EncryptionSign call={call} />}
      <OutputSigns call={call} notices={model.notices} />
      <CaptionsSign call={call} />
      <RaisedHands call={call} />
      {call.screen.value && <Sharing call={call} />}
      <span class="verified" data-testid="identity-verified" title={room.device(identity?.deviceId ?? '')}>
        {!isGuest && <ShieldIcon />}
        <span class="name" dir="auto">
          {isGuest ? room.guest(displayName) : room.verifiedAs(displayName)}
        </span>
      </span>
    </header>
  );
}

/** Says that this user is sharing their screen, and ends it. Their own screen is not a tile: it would show itself endlessly. */
function Sharing({ call }: { call: Call }) {
  const { controls } = strings.value;
  return (
    <span class="sharing" role="status" data-testid="sharing">
      <ScreenIcon />
      <span class="name">{controls.sharing}</span>
      <button type="button" data-testid="stop-sharing" onClick={() => void call.toggleScreen()}>
        {controls.stopSharing}
      </button>
    </span>
  );
}

/** Reports a lost connection, and media that does not get through. */
function ConnectionBanner({ call }: { call: Call }) {
  const state = call.state.value;
  const trouble = call.trouble.current.value;
  const { room } = strings.value;
  return (
    <div class="connection" role="status" aria-live="polite">
      {state !== 'connected' && (
        <p class="banner" data-testid="connection">
          {state === 'closed' ? room.ended : room.reconnecting}
        </p>
      )}
      {state === 'connected' && trouble && (
        <TroubleBanner trouble={trouble} onTest={() => (call.panel.value = 'settings')} />
      )}
    </div>
  );
}

function TroubleBanner({
  trouble: { sending, receiving, lasts, endpoints },
  onTest,
}: {
  trouble: Trouble;
  onTest(): void;
}) {
  const { room } = strings.value;
  const ports = new Set(
    endpoints.map(({ protocol, address, port }) => `${protocol.toUpperCase()} ${urlHost(address)}:${port}`),
  );
  return (
    <p class="banner" data-testid="media-trouble">
      {sending && receiving ? room.troubleBoth : sending ? room.troubleSending : room.troubleReceiving}
      {lasts && (
        <span class="advice">
          {' '}
          {room.troubleAdvice([...ports].join(', '))} <code>canopy doctor</code>.{' '}
          <button type="button" class="small" data-testid="trouble-test" onClick={onTest}>
            {strings.value.paths.test}
          </button>
        </span>
      )}
    </p>
  );
}

function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
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
        .map(({ consumerId, track, participant }) => (
          <Audio
            key={consumerId}
            track={track}
            volume={participant ? call.volumes.of(participant) : 1}
            speaker={model.media.choices.value.speaker}
            unlocked={unlocked.value}
            onBlocked={() => (blocked.value = true)}
          />
        ))}
      {blocked.value && (
        <button type="button" class="hear primary" data-testid="hear" onClick={unlock}>
          {strings.value.room.hear}
        </button>
      )}
    </>
  );
}
