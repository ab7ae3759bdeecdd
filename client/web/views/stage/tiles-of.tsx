import type { MediaSource, RemoteTrack } from '../../../sdk/index.ts';
import { type Call, type LocalMedia, preferences, seatKey } from '../../model/index.ts';
import { TileReactions } from '../call/reactions.tsx';
import { OwnTileMenu } from './own-tile-menu.tsx';
import { QualityButton } from './quality.tsx';
import type { TileProps } from './tile.tsx';
import { TileMenu } from './tile-menu.tsx';

/** The tiles of everyone in the call and of the screens they share, in display order. */
export function tilesOf(call: Call, media: LocalMedia): TileProps[] {
  const tracks = call.tracks.value;
  const sources = call.sources.value;
  const lines = call.stats.lines.value;
  const self = call.room.participantId;
  const hands = call.hands.value;
  const people = new Map(call.participants.value.map((each) => [each.participantId, each]));
  return call.order.value.flatMap((participantId): TileProps[] => {
    const participant = people.get(participantId);
    if (!participant) {
      return [];
    }
    const { displayName: name, certifiedName, connected, mediaConnected, kind, callState } = participant;
    const trackOf = (source: MediaSource) =>
      tracks.find((track) => track.participantId === participantId && track.source === source);
    const sourceOf = (source: MediaSource) =>
      sources.find((each) => each.participantId === participantId && each.source === source);
    const microphone = sourceOf('microphone');
    const common = (isScreen: boolean) => ({
      participantId,
      name,
      ...(certifiedName !== undefined && { certifiedName }),
      guest: participant.role === 'guest',
      impersonates: call.known.people.value.get(participantId)?.impersonated?.name,
      // All phones of a gateway share its account.
      seed: kind === 'phone' ? name : participant.accountId,
      self: participantId === self,
      hand: hands.includes(participantId)
        ? { place: hands.indexOf(participantId) + 1, of: hands.length }
        : undefined,
      lines: lines.get(seatKey({ participantId, screen: isScreen })),
      overlay: !isScreen && <TileReactions call={call} participantId={participantId} />,
      mutedBy: call.mutedBy(participantId),
    });
    const remote = (isScreen: boolean, track: RemoteTrack | undefined) => {
      const key = seatKey({ participantId, screen: isScreen });
      return {
        ...common(isScreen),
        ...videoOf(track),
        pinned: call.pinned.value === key,
        onPin: () => call.togglePin(key),
        layout: call.layout,
      };
    };
    // Whoever spoke last stays the speaker until somebody else does.
    const isMuted = participantId === self ? !media.microphoneOn.value : microphone?.muted === true;
    const speaking = call.speaker.value === participantId && !isMuted;
    if (participantId === self) {
      const own = {
        speaking,
        track: media.sentCamera.value,
        muted: !media.microphoneOn.value,
        quality: <QualityButton call={call} participant={participant} />,
      };
      return [{ ...common(false), ...own, menu: <OwnTileMenu call={call} participant={participant} /> }];
    }
    const person: TileProps = {
      ...remote(false, trackOf('camera')),
      speaking,
      connected,
      ...(mediaConnected !== undefined && { mediaConnected }),
      phone: kind === 'phone',
      callState,
      muted: microphone?.muted ?? kind !== 'phone',
      quality: <QualityButton call={call} participant={participant} />,
      menu: <TileMenu call={call} participant={participant} />,
    };
    if (!sourceOf('screen')) {
      return [person];
    }
    return [{ ...remote(true, trackOf('screen')), screen: true }, person];
  });
}

/** The track to show, or why the server sends none. */
function videoOf(track: RemoteTrack | undefined): Pick<TileProps, 'track' | 'saving'> {
  const isUnwanted = track?.source === 'camera' && preferences.value.dataUse === 'audio';
  if (!track || track.muted || isUnwanted) {
    return { track: undefined };
  }
  const { allocation } = track;
  if (allocation?.layers === null && allocation.reason !== 'paused') {
    return { track: undefined, saving: allocation.reason };
  }
  return { track: track.track };
}
