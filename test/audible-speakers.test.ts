import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VoicePeer } from '../bench/index.ts';
import { ClipTrack } from '../client/node/index.ts';
import { TestServer } from './support/server.ts';
import { opusClip } from './support/synthetic-clips.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'talk';

describe('a room with more talkers than are forwarded', () => {
  let server: TestServer;
  let access: { url: string; apiKey: string };

  before(async () => {
    server = await TestServer.start();
    const apiKey = (await readFile(join(server.dataDir, 'api.key'), 'utf8')).trim();
    access = { url: server.url, apiKey };
  });
  after(() => server.close());

  it('forwards three of six talkers, and a clearly louder voice', async () => {
    const listener = await VoicePeer.enter(access, ROOM);
    const talkers: VoicePeer[] = [];
    for (let index = 0; index < 6; index += 1) {
      const talker = await VoicePeer.enter(access, ROOM);
      talkers.push(talker);
      await talker.speak(voice(30));
      await eventually('the listener has subscribed', () => listener.heard.has(talker.participantId));
    }
    const [first, second, third, ...rest] = talkers as [VoicePeer, VoicePeer, VoicePeer, ...VoicePeer[]];
    const heardBy = (hearer: VoicePeer, talker: VoicePeer) =>
      hearer.heard.get(talker.participantId)?.counters.packets ?? 0;
    for (const talker of [first, second, third]) {
      await eventually('the first three arrive', () => heardBy(listener, talker) > 50);
    }
    // The three hear each other, and the others hear the three.
    await eventually('the second hears the first', () => heardBy(second, first) > 50);
    for (const silent of rest) {
      await eventually('the others hear the first', () => heardBy(silent, first) > 50);
      for (const hearer of [listener, ...talkers]) {
        if (hearer !== silent) {
          assert.equal(heardBy(hearer, silent), 0, 'the rest brings no packets');
        }
      }
    }
    const loud = await VoicePeer.enter(access, ROOM);
    await loud.speak(voice(15));
    await eventually('the loud one is heard by the listener', () => heardBy(listener, loud) > 20);
    await eventually('and by those who talk', () => heardBy(first, loud) > 20);
    const counts = () => talkers.map((talker) => heardBy(listener, talker));
    const before = counts();
    const loudBefore = heardBy(listener, loud);
    await eventually('time passes', () => heardBy(listener, loud) > loudBefore + 50);
    const growing = counts().filter((count, index) => count > (before[index] ?? 0));
    assert.equal(growing.length, 2, 'with the loud one three are heard');
    for (const peer of [listener, ...talkers, loud]) {
      await peer.leave();
    }
    await eventually('everything is closed', async () => {
      const { workers, webRtcServers, ...others } = await server.objects();
      return (
        (workers ?? 0) > 0 && webRtcServers === workers && Object.values(others).every((count) => count === 0)
      );
    });
  });
});

/** Two seconds of words of 300 ms with pauses of 100 ms, at a level in −dBov. Never decoded. */
function voice(level: number): ClipTrack {
  const packets = Array.from({ length: 100 }, (_, index) => ({
    audioLevel: index % 20 < 15 ? level : 65,
    data: Buffer.alloc(80, index),
  }));
  return new ClipTrack({ clips: [opusClip(packets)] });
}
