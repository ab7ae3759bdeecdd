import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Allocation, Participant } from '../../../sdk/index.ts';
import { preferences, type ScreenLayout } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { toggleFullScreen } from '../call/full-screen.tsx';
import { HandBadge } from '../call/raised-hands.tsx';
import { Avatar } from '../parts/avatar.tsx';
import { FullScreenIcon, MicrophoneIcon, PinIcon, SavingIcon, TroubleIcon } from '../parts/icons.tsx';
import { Video } from '../parts/media-element.tsx';

export interface TileProps {
  participantId: string;
  name: string;
  /** Determines the avatar's colour, so that a person has the same one in every call. */
  seed: string;
  track: MediaStreamTrack | undefined;
  screen?: boolean;
  self?: boolean;
  /** The name in the certificate, if different. */
  certifiedName?: string;
  guest?: boolean;
  /** The name in the contacts of somebody else, whom this person could be taken for. */
  impersonates?: string | undefined;
  muted?: boolean;
  speaking?: boolean;
  /** False while the server waits for the participant to come back. */
  connected?: boolean;
  /** False while media does not get through between the participant and the server. */
  mediaConnected?: boolean;
  phone?: boolean;
  callState?: Participant['callState'];
  /** Why the server withholds video that the participant sends. */
  saving?: Allocation['reason'];
  /** The place of the participant's raised hand in the queue. */
  hand?: { place: number; of: number } | undefined;
  pinned?: boolean;
  onPin?: () => void;
  /** Observes the tile's size and visibility. */
  layout?: ScreenLayout;
  /** Statistics, if shown. */
  lines?: readonly string[] | undefined;
  /** How well the participant's media gets through. */
  quality?: ComponentChildren;
  /** Whether a moderator muted the participant, or keeps it muted. */
  mutedBy?: 'self' | 'moderator';
  /** Shown over the video. */
  overlay?: ComponentChildren;
  /** The button for actions on the participant. */
  menu?: ComponentChildren;
}

/** One person, or one shared screen. A click anywhere on it pins it. */
export function Tile({
  participantId,
  name,
  seed,
  track,
  screen = false,
  self,
  certifiedName,
  guest,
  impersonates,
  muted,
  mutedBy,
  speaking,
  connected = true,
  mediaConnected = true,
  phone,
  callState,
  saving,
  hand,
  pinned = false,
  onPin,
  layout,
  lines,
  quality,
  overlay,
  menu,
}: TileProps) {
  const element = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (!element.current || !layout) {
      return;
    }
    return layout.observe(element.current, { participantId, source: screen ? 'screen' : 'camera', pinned });
  }, [layout, participantId, screen, pinned]);
  const { tile } = strings.value;
  const state = !connected
    ? tile.reconnecting
    : mediaConnected
      ? callState && callState !== 'answered' && tile[callState]
      : tile.noMedia;
  const classes = [
    'tile',
    screen && 'screen',
    speaking && 'speaking',
    !(connected && mediaConnected) && 'away',
  ]
    .filter(Boolean)
    .join(' ');
  const label = screen ? tile.screenOf(name) : self ? tile.you(name) : name;
  // Pinning replaces the tile's element, so the focus has to follow.
  const pin = () => {
    onPin?.();
    focusWhenThere(
      `[data-participant-id="${participantId}"][data-source="${screen ? 'screen' : 'camera'}"] .pin`,
    );
  };
  return (
    <figure
      ref={element}
      class={classes}
      data-testid="tile"
      data-participant-id={participantId}
      data-source={screen ? 'screen' : 'camera'}
      data-self={self ?? false}
      data-speaking={speaking ?? false}
      data-muted={muted ?? false}
      data-muted-by={muted ? mutedBy : undefined}
      data-call-state={callState}
      data-saving={saving}
      data-media-connected={mediaConnected}
    >
      {/* Visible until the first video frame arrives. */}
      {!screen && <Avatar name={name} seed={seed} phone={phone} />}
      {track && <Video track={track} mirrored={self && !screen && preferences.value.mirror} />}
      {onPin && (
        <button
          type="button"
          class="pin"
          data-testid="pin"
          aria-pressed={pinned}
          aria-label={tile.pinName(label)}
          title={pinned ? tile.unpin : tile.pin}
          onClick={pin}
        >
          <PinIcon />
        </button>
      )}
      {overlay}
      {menu}
      {screen && !self && document.fullscreenEnabled && (
        <div class="actions">
          <button
            type="button"
            class="menu-button"
            data-testid="full-screen"
            aria-label={tile.fullScreenName(label)}
            title={tile.fullScreen}
            onClick={() => void toggleFullScreen(element.current ?? undefined)}
          >
            <FullScreenIcon />
          </button>
        </div>
      )}
      {lines && (
        <pre class="stats" data-testid="stats">
          {lines.join('\n')}
        </pre>
      )}
      <figcaption>
        {!screen && hand && <HandBadge {...hand} />}
        {!screen && muted && (
          <span class={mutedBy === 'moderator' ? 'muted stopped' : 'muted'}>
            <MicrophoneIcon off />
          </span>
        )}
        <span class="name" dir="auto">
          {label}
        </span>
        {certifiedName && (
          <span class="name certified" dir="auto" data-testid="certified-name" title={tile.certified}>
            {tile.certifiedAs(certifiedName)}
          </span>
        )}
        {impersonates && (
          <span class="impostor" data-testid="tile-impostor">
            <TroubleIcon />
            <bdi>{strings.value.contacts.impostor(impersonates)}</bdi>
          </span>
        )}
        {guest && <span class="state">{tile.guest}</span>}
        {!screen && muted && (
          <span class="sr-only">{mutedBy === 'moderator' ? tile.mutedByModerator : tile.muted}</span>
        )}
        {speaking && <span class="sr-only">{tile.speaking}</span>}
        {state && <span class="state">{state}</span>}
        {saving && (
          <span
            class="saving"
            data-testid="saving"
            role="img"
            aria-label={tile.saving[saving]}
            title={tile.saving[saving]}
          >
            <SavingIcon />
          </span>
        )}
        {!screen && quality}
      </figcaption>
      {saving && <p class="saving-text">{tile.saving[saving]}</p>}
    </figure>
  );
}

/** Focuses an element that may take a few frames to appear, unless the focus has moved elsewhere. */
function focusWhenThere(selector: string, frames = 10): void {
  requestAnimationFrame(() => {
    const element = document.querySelector<HTMLElement>(selector);
    if (document.activeElement === document.body) {
      element?.focus({ preventScroll: true });
    }
    if (document.activeElement !== element && frames > 0) {
      focusWhenThere(selector, frames - 1);
    }
  });
}
