import type { ComponentChildren } from 'preact';
import type { Participant } from '../../../sdk/index.ts';
import type { AppModel, Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { AcquaintanceLine } from '../contacts/acquaintance.tsx';
import { Avatar } from '../parts/avatar.tsx';
import {
  CameraIcon,
  HandIcon,
  MicrophoneIcon,
  ScreenIcon,
  SpotlightIcon,
  TroubleIcon,
} from '../parts/icons.tsx';
import { PersonMenu } from './person-menu.tsx';

type Sending = 'on' | 'muted' | 'none';

/** One person in the list, with their state and the actions on them. */
export function PersonRow({
  model,
  call,
  participant,
}: {
  model: AppModel;
  call: Call;
  participant: Participant;
}) {
  const { participantId, displayName, certifiedName, kind, connected, mediaConnected } = participant;
  const { people, tile } = strings.value;
  const isSelf = participantId === call.room.participantId;
  const phone = kind === 'phone';
  const place = call.hands.value.indexOf(participantId) + 1;
  const { microphone, camera, screen } = sendingOf(model, call, participant);
  const speaking = call.speaker.value === participantId && microphone === 'on';
  const voice = voiceText(call, participantId, microphone);
  const trouble = !connected ? people.reconnecting : mediaConnected === false ? people.noMedia : undefined;
  const isLit = call.spotlight.value.includes(participantId);
  const badges = badgesOf(participant);
  return (
    <li class="person" data-testid="person" data-participant-id={participantId} data-voice={voice.state}>
      <Avatar name={displayName} seed={phone ? displayName : participant.accountId} phone={phone} />
      <div class="person-name">
        <span dir="auto">{displayName}</span>
        {isSelf && <span class="person-note"> {people.you}</span>}
        {certifiedName && (
          <span class="person-note" dir="auto">
            {' '}
            {tile.certifiedAs(certifiedName)}
          </span>
        )}
        <AcquaintanceLine call={call} participant={participant} />
        {(badges.length > 0 || trouble) && (
          <span class="person-badges">
            {badges.map((badge) => (
              <span key={badge}>{badge}</span>
            ))}
            {trouble && (
              <span class="person-trouble">
                <TroubleIcon />
                {trouble}
              </span>
            )}
          </span>
        )}
      </div>
      <div class="person-state">
        {isLit && <State icon={<SpotlightIcon />} text={people.spotlit} />}
        {place > 0 && (
          <span class="hand" title={people.handRaised(place)}>
            <HandIcon />
            <span aria-hidden="true">{place}</span>
            <span class="sr-only">{people.handRaised(place)},</span>
          </span>
        )}
        {screen && <State icon={<ScreenIcon />} text={people.sharing} />}
        {!phone && (
          <State
            icon={<CameraIcon off={camera !== 'on'} />}
            text={camera === 'on' ? people.cameraOn : people.cameraOff}
            faint={camera !== 'on'}
          />
        )}
        <State
          icon={<MicrophoneIcon off={microphone !== 'on'} />}
          text={speaking ? people.speaking : voice.text}
          faint={microphone !== 'on' && voice.state === 'muted'}
          speaking={speaking}
          stopped={voice.state === 'moderated' || voice.state === 'denied'}
        />
      </div>
      <PersonMenu call={call} participant={participant} testId="person-menu" withPin />
    </li>
  );
}

function State({
  icon,
  text,
  faint = false,
  speaking = false,
  stopped = false,
}: {
  icon: ComponentChildren;
  text: string;
  faint?: boolean;
  speaking?: boolean;
  /** A moderator did it. */
  stopped?: boolean;
}) {
  const classes = ['state', faint && 'faint', speaking && 'speaking', stopped && 'stopped'];
  return (
    <span class={classes.filter(Boolean).join(' ')} title={text}>
      {icon}
      <span class="sr-only">{text},</span>
    </span>
  );
}

function sendingOf(
  model: AppModel,
  call: Call,
  { participantId }: Participant,
): { microphone: Sending; camera: Sending; screen: boolean } {
  if (participantId === call.room.participantId) {
    const { media } = model;
    return {
      microphone: media.microphoneOn.value ? 'on' : 'muted',
      camera: media.cameraOn.value ? 'on' : 'none',
      screen: call.screen.value !== undefined,
    };
  }
  const sending = (source: string): Sending => {
    const found = call.sources.value.find(
      (each) => each.participantId === participantId && each.source === source,
    );
    return found ? (found.muted ? 'muted' : 'on') : 'none';
  };
  return { microphone: sending('microphone'), camera: sending('camera'), screen: sending('screen') === 'on' };
}

/** Whether someone can be heard, and if not, who decided that. */
function voiceText(
  call: Call,
  participantId: string,
  microphone: Sending,
): { state: Sending | 'moderated' | 'denied'; text: string } {
  const { people } = strings.value;
  if (microphone === 'on') {
    return { state: 'on', text: people.microphoneOn };
  }
  const restraint = call.moderation.restraints.value.get(participantId);
  if (restraint?.denied.includes('microphone')) {
    return { state: 'denied', text: people.mayNotUnmute };
  }
  if (restraint?.muted) {
    return { state: 'moderated', text: people.mutedByModerator };
  }
  return microphone === 'muted'
    ? { state: 'muted', text: people.muted }
    : { state: 'none', text: people.noMicrophone };
}

function badgesOf({
  kind,
  role,
  roomRole,
  callEncrypted,
  deviceVerified,
  attributes,
}: Participant): string[] {
  const { people } = strings.value;
  return [
    // Most people are ordinary participants.
    roomRole && roomRole !== 'speaker' && kind !== 'stream' ? people.roles[roomRole] : '',
    kindBadge(kind, roomRole, deviceVerified) ?? (role === 'guest' ? people.guest : ''),
    numberBadge(attributes?.verstat),
    callEncrypted === undefined ? '' : callEncrypted ? people.callEncrypted : people.callNotEncrypted,
  ].filter((badge) => badge !== '');
}

/** What somebody is who is not a person at a page. */
function kindBadge(
  kind: Participant['kind'],
  roomRole: Participant['roomRole'],
  deviceVerified: boolean | undefined,
): string | undefined {
  if (kind === 'stream') {
    const { streams } = strings.value;
    return roomRole === 'viewer' ? streams.watches : streams.sends;
  }
  return kind === 'phone' ? phoneBadge(deviceVerified) : undefined;
}

/** What is known about a caller's number (STIR/SHAKEN). Lesser attestations say nothing about it. */
function numberBadge(verstat: string | undefined): string {
  const { people } = strings.value;
  switch (verstat) {
    case 'TN-Validation-Passed':
    case 'TN-Validation-Passed-A':
      return people.numberVerified;
    case 'TN-Validation-Failed':
      return people.numberNotVerified;
    default:
      return '';
  }
}

/** Whether a phone has proved whose device it is. Unknown until the call is answered. */
function phoneBadge(verified: boolean | undefined): string {
  const { people } = strings.value;
  return verified === undefined ? people.phone : verified ? people.phoneVerified : people.phoneNotVerified;
}
