import type { ClipName } from '../clips/index.ts';
import type { Person } from './load/index.ts';

/** Who sends what to whom, in one room. Names are senders × receivers. */
export interface PeersScenario {
  name: string;
  description: string;
  people: Person[];
  /** Video streams that must arrive; audio depends on whom the server forwards. */
  videoStreams: number;
}

/** Rooms have numbers, because Janus wants them. */
const ROOM = '1';
const VOICES: ClipName[] = ['speech-english', 'speech-german', 'speech-french', 'speech-hungarian'];
/** So that a packet is as large as in a call at 720p. */
const LARGE = { clip: 'vp8-720p', kbps: 2000 } as const;
const SMALL = { clip: 'vp8-180p' } as const;

export const PEERS_SCENARIOS: readonly PeersScenario[] = [
  video('1x60', 'one sends 720p at 2 Mbit/s, 60 watch', { clip: LARGE, senders: 1, watchers: 60 }),
  video('8x10', 'eight send 360p at 250 kbit/s, ten watch all of them', {
    clip: { clip: 'vp8-360p', kbps: 250 },
    senders: 8,
    watchers: 10,
  }),
  video('5x5', 'five people see each other in 720p at 2 Mbit/s', { clip: LARGE, senders: 5 }),
  voices('audio-25', 25),
  voices('audio-100', 100),
  video('25x25', '25 people see each other in 180p at 100 kbit/s', { clip: SMALL, senders: 25 }),
];

/** @param watchers - who only receive; without any, the senders watch each other */
function video(
  name: string,
  description: string,
  { clip, senders, watchers = 0 }: { clip: Person['clips'][number]; senders: number; watchers?: number },
): PeersScenario {
  const person = (index: number): Person => ({
    name: `p${index}`,
    room: ROOM,
    clips: index < senders ? [clip] : [],
    watches: watchers === 0 || index >= senders,
  });
  return {
    name,
    description,
    people: Array.from({ length: senders + watchers }, (_, index) => person(index)),
    videoStreams: watchers === 0 ? senders * (senders - 1) : senders * watchers,
  };
}

function voices(name: string, count: number): PeersScenario {
  return {
    name,
    description: `${count} people with open microphones, eight of whom talk at once`,
    people: Array.from({ length: count }, (_, index) => ({
      name: `p${index}`,
      room: ROOM,
      clips: [{ clip: index < 8 ? (VOICES[index % VOICES.length] as ClipName) : 'silence' }],
      watches: true,
    })),
    videoStreams: 0,
  };
}
