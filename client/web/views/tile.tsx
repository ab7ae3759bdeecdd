import type { ComponentChildren } from 'preact';
import type { Participant } from '../../sdk/index.ts';
import { MicrophoneIcon, PhoneIcon } from './icons.tsx';
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
  phone?: boolean;
  callState?: Participant['callState'];
  /** What may be done about the participant. */
  menu?: ComponentChildren;
}

/** How far a phone's call is, for as long as nobody speaks there. */
const CALL_STATES: { [S in NonNullable<Participant['callState']>]?: string } = {
  dialing: 'dialing…',
  ringing: 'ringing…',
  held: 'on hold',
};

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
  phone,
  callState,
  menu,
}: TileProps) {
  const state = connected ? callState && CALL_STATES[callState] : 'reconnecting…';
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
      data-call-state={callState}
    >
      {track ? (
        <Video track={track} mirrored={self && !screen} />
      ) : (
        <Avatar name={name} seed={participantId} phone={phone} />
      )}
      {menu}
      <figcaption>
        {!screen && muted && <MicrophoneIcon off />}
        <span class="name" dir="auto">
          {screen ? `${name}: screen` : self ? `${name} (you)` : name}
        </span>
        {state && <span class="state">{state}</span>}
      </figcaption>
    </figure>
  );
}

function Avatar({ name, seed, phone }: { name: string; seed: string; phone?: boolean }) {
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
  const hue = Number.parseInt(seed.slice(0, 4), 16) % 6;
  return (
    <div class={`avatar hue-${hue}`} aria-hidden="true">
      {phone ? <PhoneIcon /> : initials}
    </div>
  );
}
