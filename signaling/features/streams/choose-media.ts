import type { ProducerInfo } from '../../../contract/index.ts';

interface Choice {
  /** What is sent in the room, oldest first. */
  producers: readonly ProducerInfo[];
  /** Participants who have spoken, the last one last. */
  speakers: readonly string[];
  /** The participant that the viewer wants to see; undefined: whoever shares a screen or speaks. */
  participantId: string | undefined;
}

/** The video to show: a shared screen, or else whoever speaks, or else what is shown already. */
export function chooseVideo({
  producers,
  speakers,
  participantId: pinned,
  current,
}: Choice & { current: string | undefined }): string | undefined {
  const live = producers.filter(({ kind, paused }) => kind === 'video' && !paused);
  const ofPerson = (participantId: string) =>
    live.filter((producer) => producer.participantId === participantId);
  if (pinned !== undefined) {
    const own = ofPerson(pinned);
    return (own.find(({ source }) => source === 'screen') ?? own[0])?.producerId;
  }
  const screen = live.findLast(({ source }) => source === 'screen');
  const shown = live.find(({ producerId }) => producerId === current);
  const speaking = speakers.toReversed().flatMap((participantId) => ofPerson(participantId).slice(0, 1))[0];
  return (screen ?? speaking ?? shown ?? live[0])?.producerId;
}

/**
 * The voices to send, at most `count`: the shown participant's, then those who spoke last, then the sound of shared screens, then everyone
 * else. Who is sent already stays among equals.
 */
export function chooseAudio({
  producers,
  speakers,
  participantId: pinned,
  count,
  current,
}: Choice & { count: number; current: readonly string[] }): string[] {
  const rank = ({ producerId, participantId, source }: ProducerInfo): number => {
    if (participantId === pinned) {
      return Number.POSITIVE_INFINITY;
    }
    const spoke = speakers.indexOf(participantId);
    if (spoke >= 0 && source === 'microphone') {
      return spoke + 3;
    }
    return source === 'screen-audio' ? 2 : Number(current.includes(producerId));
  };
  return producers
    .filter(({ kind, paused }) => kind === 'audio' && !paused)
    .toSorted((a, b) => rank(b) - rank(a))
    .slice(0, count)
    .map(({ producerId }) => producerId);
}
