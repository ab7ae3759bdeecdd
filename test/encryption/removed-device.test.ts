// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { allRead, EncryptedPeople, type EncryptedPerson, inOneEpoch } from '../support/encrypted-people.ts';
import { EncryptedSeat } from '../support/encrypted-seat.ts';
import { InProcessServer } from '../support/in-process-server.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { eventually } from '../support/wait.ts';
import { type CapturedFrame, CapturedMedia } from './captured-media.ts';
import { KeptKeys } from './kept-keys.ts';

/** How far a slow machine may miss a goal. */
const PATIENCE = 5;
/** How many packets of each track have to be captured before the removal, and under the new keys. */
const PACKETS = 60;
/** How many of the last frames of each track are certainly under the new keys. */
const FRAMES = 10;

describe('a device that was removed from an encrypted room and keeps all its keys', () => {
  let server: InProcessServer;
  let people: EncryptedPeople;

  before(async () => {
    server = await InProcessServer.start();
    people = new EncryptedPeople(server);
  });
  after(async () => {
    await people?.close();
    await server?.close();
  });

  const newRoom = (roomId: string) => server.api('POST', '/api/rooms', { roomId, encryption: 'required' });

  /** Ann removes Eve from a room where Bob is too. Everything that Ann and Bob send is captured at the other one of them. */
  async function remove(t: TestContext, roomId: string, others: number, goalMs: number): Promise<void> {
    const identity = await newIdentity(server, { role: 'admin' });
    const ann = await people.enter(roomId, { identity });
    const bob = await people.enter(roomId);
    const eve = await people.enter(roomId);
    const everyone = [ann, bob, eve];
    await inOneEpoch(everyone, everyone.length + others);
    const captured = [
      { sender: bob, media: new CapturedMedia(ann.room) },
      { sender: ann, media: new CapturedMedia(bob.room) },
    ];
    for (const person of everyone) {
      await person.publish();
    }
    await allRead(everyone);

    const counts = () => captured.flatMap(({ sender, media }) => media.count(sender.participantId));
    const more = (before: readonly number[]) =>
      eventually('packets of all four tracks', counts, (now) =>
        [0, 1, 2, 3].every((i) => (now[i] ?? 0) >= (before[i] ?? 0) + PACKETS),
      );
    await more([]);

    const removedAtMs = performance.now();
    await ann.room.kick(eve.participantId);
    await inOneEpoch([ann, bob], 2 + others);
    await more(counts());

    const [evesKeys, annsKeys] = [new KeptKeys(eve.keys), new KeptKeys(ann.keys)];
    let lastOpenedMs = 0;
    for (const { sender, media } of captured) {
      const frames = media.frames(sender.participantId);
      const judged = await Promise.all(
        frames.map(async (frame) => ({ ...frame, isOpen: await evesKeys.opens(frame) })),
      );
      for (const source of ['microphone', 'camera']) {
        const ofSource = judged.filter((frame) => frame.source === source);
        const early = ofSource.filter(({ atMs }) => atMs < removedAtMs);
        assert.ok(early.length > 5, `${early.length} frames of the ${source} before`);
        assert.ok(early.every(({ isOpen }) => isOpen));
        const latest = ofSource.slice(-FRAMES);
        assert.deepEqual(
          latest.map(({ isOpen }) => isOpen),
          Array(FRAMES).fill(false),
        );
        // Whoever is still in the room reads them.
        assert.ok(await allOpen(annsKeys, latest));
      }
      const opened = judged.filter(({ isOpen }) => isOpen).map(({ atMs }) => atMs - removedAtMs);
      lastOpenedMs = Math.max(lastOpenedMs, ...opened);
      t.diagnostic(`${frames.length} frames, ${opened.length} of them open`);
    }
    t.diagnostic(`the last frame that it opens came ${lastOpenedMs.toFixed(0)} ms after its removal`);
    assert.ok(lastOpenedMs <= PATIENCE * goalMs, `${lastOpenedMs} ms`);
    await Promise.all(everyone.map(({ client }: EncryptedPerson) => client.close()));
  }

  const allOpen = async (keys: KeptKeys, frames: readonly CapturedFrame[]) =>
    (await Promise.all(frames.map((frame) => keys.opens(frame)))).every(Boolean);

  it('decrypts nothing that is sent later than a second after that', async (t) => {
    await newRoom('removal');
    await remove(t, 'removal', 0, 1000);
  });

  it('decrypts nothing that is sent later than 2.5 s after that if the member with the lowest leaf does nothing', async (t) => {
    await newRoom('removal-late');
    // Connected, and dead otherwise.
    const dead = await EncryptedSeat.take(server.url, await newIdentity(server), 'removal-late');
    await dead.enterGroup();
    await remove(t, 'removal-late', 1, 2500);
    await dead.leave();
  });
});
