/** The scenarios that can be run by name. */
import type { LayoutName } from './layouts.ts';
import type { Scenario } from './scenario.ts';

export { type LayoutName, layoutTiles } from './layouts.ts';
export { expectedVideoStreams, hasCleanPath, type Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'smoke',
    description: 'Four people in one room for five seconds, to show that everything works.',
    rooms: 1,
    peersPerRoom: 4,
    joinsPerSecond: 10,
    durationSeconds: 5,
    video: { codec: 'vp8', layers: '180p' },
    talkersPerRoom: 1,
  },
  {
    name: 'room-25',
    description: '25 people in one room, each sending 180p VP8; two talk.',
    rooms: 1,
    peersPerRoom: 25,
    joinsPerSecond: 5,
    durationSeconds: 20,
    video: { codec: 'vp8', layers: '180p' },
    talkersPerRoom: 2,
  },
  {
    name: 'join-25',
    description: 'room-25, then the 25th leaves and rejoins a hundred times: how long joining takes.',
    rooms: 1,
    peersPerRoom: 25,
    joinsPerSecond: 5,
    returnsOfLast: 100,
    durationSeconds: 5,
    video: { codec: 'vp8', layers: '180p' },
    talkersPerRoom: 2,
  },
  {
    name: 'encrypted-25',
    description: 'room-25 in an end-to-end encrypted room: everyone must decrypt everyone; two talk.',
    rooms: 1,
    peersPerRoom: 25,
    joinsPerSecond: 5,
    returnsOfLast: 10,
    durationSeconds: 20,
    video: { codec: 'vp8', layers: '180p' },
    encrypted: true,
    talkersPerRoom: 2,
    // Packets are decoded, and these are encrypted.
    decodedStreams: 0,
  },
  {
    name: 'encrypted-burst-25',
    description: 'encrypted-25, but everyone joins within two seconds.',
    rooms: 1,
    peersPerRoom: 25,
    joinsPerSecond: 12.5,
    allTogether: true,
    durationSeconds: 5,
    video: { codec: 'vp8', layers: '180p' },
    encrypted: true,
    talkersPerRoom: 2,
    decodedStreams: 0,
    processes: 2,
  },
  simulcastRoom('gallery-25', 'all 24 others at the same size', { layout: 'gallery' }),
  {
    ...simulcastRoom('burst-25', 'all 24 others at the same size', { layout: 'gallery' }),
    description: 'gallery-25, but everyone joins within one second.',
    joinsPerSecond: 25,
    allTogether: true,
    settleSeconds: 3,
    durationSeconds: 10,
  },
  {
    ...simulcastRoom('steady-25', 'all 24 others at the same size', { layout: 'gallery' }),
    description: 'gallery-25, but one person talks and the speaker never changes.',
    talkersPerRoom: 1,
  },
  simulcastRoom('stage-25', 'a large speaker and six small tiles', { layout: 'stage' }),
  simulcastRoom('nine-25', 'nine others', { layout: 'nine' }),
  simulcastRoom('two-rooms-50', 'all 24 others at the same size, on a link of 90 Mbit/s', {
    layout: 'gallery',
    rooms: 2,
    linkMbps: 90,
  }),
  {
    name: 'room-10-vp9',
    description: 'Ten people in one room, each sending VP9 with three spatial layers; two talk.',
    rooms: 1,
    peersPerRoom: 10,
    joinsPerSecond: 5,
    durationSeconds: 20,
    video: { codec: 'vp9', layers: 'simulcast' },
    talkersPerRoom: 2,
  },
  {
    name: 'audio-25',
    description: '25 people in one room without cameras; two talk.',
    rooms: 1,
    peersPerRoom: 25,
    joinsPerSecond: 10,
    durationSeconds: 20,
    talkersPerRoom: 2,
  },
  {
    name: 'bad-network',
    description:
      'Four people with 20 ms delay and 3 % loss each way; their downlink drops from 2 Mbit/s to 300 kbit/s for ten seconds.',
    rooms: 1,
    peersPerRoom: 4,
    joinsPerSecond: 4,
    durationSeconds: 30,
    video: { codec: 'vp8', layers: 'simulcast' },
    talkersPerRoom: 1,
    network: {
      up: [{ atMs: 0, profile: { delayMs: 20, loss: { kind: 'random', share: 0.03 } } }],
      down: [
        { atMs: 0, profile: downlink(2_000_000) },
        { atMs: 15_000, profile: downlink(300_000) },
        { atMs: 25_000, profile: downlink(2_000_000) },
      ],
    },
  },
];

/** 25 people in each room who send VP8 in three layers up to 720p, as far as anybody wants them; two of them talk. */
function simulcastRoom(
  name: string,
  shown: string,
  { layout, rooms = 1, linkMbps }: { layout: LayoutName; rooms?: number; linkMbps?: number },
): Scenario {
  const people = rooms === 1 ? '25 people in one room' : `${rooms} rooms of 25 people`;
  return {
    name,
    description: `${people}, each offering three VP8 layers up to 720p and showing ${shown}; two talk.`,
    rooms,
    peersPerRoom: 25,
    joinsPerSecond: 5,
    settleSeconds: 90,
    durationSeconds: 30,
    video: { codec: 'vp8', layers: 'simulcast' },
    layout,
    ...(linkMbps !== undefined && { linkMbps }),
    talkersPerRoom: 2,
    processes: 2,
  };
}

function downlink(rateBps: number) {
  return { delayMs: 20, rateBps, queueMs: 200, loss: { kind: 'random' as const, share: 0.03 } };
}
