import { plural } from './forms.ts';

const PATHS = { udp: 'UDP', tcp: 'TCP', relay: 'TURN relay' } as const;
const videos = (count: number) => plural(count, { one: '1 video', other: `${count} videos` });

/** The connection test. */
export const paths = {
  heading: 'Connection',
  test: 'Test connection',
  again: 'Test again',
  testing: 'Testing the connection…',
  intro: 'Checks how audio and video would reach this server. Takes a few seconds.',
  path: PATHS,
  works: 'works',
  blocked: 'blocked',
  waiting: 'testing…',
  used: (path: keyof typeof PATHS) => `Your calls will use ${PATHS[path]}.`,
  /** What that means for quality. */
  usedHint: {
    udp: 'The best path for calls.',
    tcp: 'Your network blocks UDP, so audio and video may stutter when packets are lost.',
    relay: 'Your network blocks direct connections, so media takes a detour through a relay.',
  },
  none: 'Audio and video cannot reach the server from this network: a firewall blocks UDP and TCP. Try another network.',
  roundTrip: 'Round-trip time',
  milliseconds: (count: number) => `${count} ms`,
  loss: 'Packet loss',
  percent: (count: number) => `${count}%`,
  download: 'Download',
  mbps: (rate: string) => `${rate} Mbit/s`,
  mbpsEnough: (rate: string) => `${rate} Mbit/s or more, as much as a call uses`,
  videos: 'Enough for about',
  videosMedium: (count: number) => `${videos(count)} at medium quality`,
  videosSmall: (count: number) => `${videos(count)} at low quality`,
  videosBoth: (medium: number, small: number) =>
    `${videos(medium)} at medium quality, or ${small} at low quality`,
  audioOnly: 'audio only',
};
