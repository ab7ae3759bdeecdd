import { MicrophoneIcon } from './icons.tsx';
import { Video } from './media-element.tsx';

export interface TileProps {
  participantId: string;
  name: string;
  track: MediaStreamTrack | undefined;
  screen?: boolean;
  self?: boolean;
  muted?: boolean;
  speaking?: boolean;
  /** False while the server waits for the participant to come back. */
  connected?: boolean;
}

/** One person, or one shared screen. */
export function Tile({
  participantId,
  name,
  track,
  screen,
  self,
  muted,
  speaking,
  connected = true,
}: TileProps) {
  const classes = ['tile', screen && 'screen', speaking && 'speaking', !connected && 'away']
    .filter(Boolean)
    .join(' ');
  return (
    <figure
      class={classes}
      data-testid="tile"
      data-participant-id={participantId}
      data-source={screen ? 'screen' : 'camera'}
      data-self={self ?? false}
      data-speaking={speaking ?? false}
      data-muted={muted ?? false}
    >
      {track ? (
        <Video track={track} mirrored={self && !screen} />
      ) : (
        <Avatar name={name} seed={participantId} />
      )}
      <figcaption>
        {!screen && muted && <MicrophoneIcon off />}
        <span class="name" dir="auto">
          {screen ? `${name}: screen` : self ? `${name} (you)` : name}
        </span>
        {!connected && <span class="state">reconnecting…</span>}
      </figcaption>
    </figure>
  );
}

function Avatar({ name, seed }: { name: string; seed: string }) {
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
  const hue = Number.parseInt(seed.slice(0, 4), 16) % 6;
  return (
    <div class={`avatar hue-${hue}`} aria-hidden="true">
      {initials}
    </div>
  );
}
