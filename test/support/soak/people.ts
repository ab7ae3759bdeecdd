import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { LoadPeer, type Scenario } from '../../../bench/index.ts';
import type { Identity } from '../../../client/sdk/index.ts';
import { newIdentity } from '../protocol-client.ts';
import { ROOMS, roomAt, type SoakRun } from './soak-run.ts';

const SEATS_PER_ROOM = 4;
/** Maximum number of others who send audio into a room at once: phones, a bridge, someone who is moderated. */
const OTHER_VOICES = 8;

/** A load of people with small video. */
export const LOAD: Scenario = {
  name: 'soak',
  description: 'People who come and go',
  rooms: ROOMS.length,
  peersPerRoom: SEATS_PER_ROOM,
  joinsPerSecond: 8,
  durationSeconds: 3,
  video: { codec: 'vp8', layers: '180p' },
  talkersPerRoom: 1,
  decodedStreams: 0,
};

/** Invites the people of all rooms. */
export async function invitePeople(run: SoakRun): Promise<Identity[]> {
  return Promise.all(Array.from({ length: ROOMS.length * SEATS_PER_ROOM }, () => newIdentity(run.server)));
}

/** A person who visits a room repeatedly, for 3 to 18 seconds with a pause of 1 to 4. */
export function visits(run: SoakRun, identity: Identity, index: number): Promise<void> {
  const plan = {
    index,
    roomId: roomAt(index),
    invitation: '',
    talks: index < ROOMS.length,
    decodes: false,
  };
  return run.repeat('visit', 1000 + (index % 4) * 1000, async (time) => {
    const peer = await LoadPeer.create({ serverUrl: run.server.url, scenario: LOAD, plan, identity });
    try {
      assert.equal(await peer.join(), undefined);
      await delay(3000 + ((index * 7 + time * 5) % 16) * 1000);
      const { audioStreams, videoStreams } = await peer.finish();
      assert.ok(videoStreams < SEATS_PER_ROOM, `${videoStreams} video streams: no ghosts in the room`);
      assert.ok(
        audioStreams < SEATS_PER_ROOM + OTHER_VOICES,
        `${audioStreams} audio streams: no ghosts in the room`,
      );
    } finally {
      await peer.leave();
    }
  });
}
