import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { untilBaseline } from './support/gauges.ts';
import type { HeadlessPerson } from './support/headless-person.ts';
import type { Person } from './support/person.ts';
import { ShapedRoom } from './support/shaped-room.ts';
import { Viewer } from './support/viewer.ts';
import { eventually } from './support/wait.ts';

const TONE_HZ = 700;
const LARGE = { width: 1280, height: 720 };
const SMALL = { width: 240, height: 135 };
/** Lines of the picture in a small tile. */
const SMALL_LINES = 180;
/** Machines that run tests are slow: everything may take so many times as long as it should. */
const PATIENCE = 5;
const QUEUE_MS = 300;
const DELAY_MS = 20;
const narrow = (rateBps: number) => ({ rateBps, queueMs: QUEUE_MS, delayMs: DELAY_MS });
/** Over how long rates are measured, in milliseconds. */
const MEASURED_MS = 2000;

describe('real Chromium behind a network that changes', () => {
  let room: ShapedRoom;
  /** Looks. */
  let ann: Person;
  /** Says a tone, and has a real encoder. */
  let bob: Person;
  /** Sends three layers of a clip. */
  let cid: HeadlessPerson;
  /** Has all of them wanted. */
  let eve: HeadlessPerson;
  let view: Viewer;
  let bobsId: string;

  before(async () => {
    room = await ShapedRoom.open({ toneHz: TONE_HZ });
    [ann, bob, cid, eve] = [
      await room.person('Ann'),
      await room.person('Bob'),
      await room.headless(),
      await room.headless(),
    ];
    cid.looksAt([]);
    await cid.showCamera();
    eve.looksAt([{ at: cid, ...LARGE }]);
    const bobsView = await Viewer.of(bob);
    await bobsView.shows([]);
    bobsId = await bobsView.participantId();
    view = await Viewer.of(ann);
  });

  after(async () => {
    await Promise.allSettled([cid?.leave(), eve?.leave()]);
    await room?.close();
  });

  const explain = () =>
    room.server.api<{
      pictures: Array<{ peerId: string; points: Array<{ spatialLayer: number; sent: boolean }> }>;
    }>('GET', '/api/rooms/team/allocation');

  async function showSmall(participantId: string): Promise<void> {
    const sinceMs = await view.shows([{ participantId, ...SMALL }]);
    await view.sees(participantId, 'a small picture', (lines) => lines <= SMALL_LINES, sinceMs);
  }

  async function showLarge(participantId: string, goalMs: number, largeLines: number): Promise<void> {
    const sinceMs = await view.shows([{ participantId, ...LARGE }]);
    const patienceMs = goalMs * PATIENCE;
    const isLarge = (lines: number) => lines >= largeLines;
    const seen = await view
      .sees(participantId, 'a large picture', isLarge, sinceMs, patienceMs)
      .catch(async (error: Error) => {
        throw new Error(`${error.message.slice(0, 200)}\n${JSON.stringify(await explain())}`);
      });
    assert.ok(seen.standstillMs < 500 * PATIENCE, `it stood still for ${seen.standstillMs} ms`);
  }

  /** Small until its sender sends nothing else, then large. */
  async function restore(person: Person, participantId: string, goalMs: number): Promise<void> {
    await showSmall(participantId);
    const peerId = await person.peerId();
    await eventually('the larger layers are suspended', explain, ({ pictures }) =>
      pictures.some(
        (picture) =>
          picture.peerId === peerId &&
          picture.points.every(({ spatialLayer, sent }) => sent === (spatialLayer === 0)),
      ),
    );
    // A browser that lacks time for its encoder sends smaller pictures.
    await showLarge(participantId, goalMs, 2 * SMALL_LINES);
  }

  /** What the server sent her and what did not fit, over a while from now on. */
  async function offered(): Promise<{ bps: number; dropped: number }> {
    const count = () => {
      // All ways to browsers: beside her pictures they carry voices and feedback only.
      const links = room.relay.counters.map(({ down }) => down);
      const sum = (pick: (link: (typeof links)[number]) => number) =>
        links.reduce((total, link) => total + pick(link), 0);
      return {
        bytes: sum(({ offeredBytes }) => offeredBytes),
        dropped: sum(({ droppedPackets }) => droppedPackets),
      };
    };
    const earlier = count();
    await delay(MEASURED_MS);
    const later = count();
    return {
      bps: ((later.bytes - earlier.bytes) * 8000) / MEASURED_MS,
      dropped: later.dropped - earlier.dropped,
    };
  }

  it('gets a suspended layer of VP8 simulcast back, and the lower one goes on meanwhile', async () => {
    await restore(bob, bobsId, 3000);
  });

  it('gets a suspended layer of VP9 SVC back, and the lower one goes on meanwhile', async () => {
    await bob.sendCameraAs('vp9');
    await restore(bob, bobsId, 1000);
  });

  it('gets the larger layer of a picture at once when that is sent already', async () => {
    await showSmall(cid.participantId);
    await showLarge(cid.participantId, 500, 2 * SMALL_LINES);
  });

  it('threat 12: at 300 kbit/s down gets what fits within seconds, with voice and a picture', async () => {
    const sinceMs = await view.shows([{ participantId: cid.participantId, ...LARGE }]);
    await view.sees(cid.participantId, 'a large picture', (lines) => lines >= 720, sinceMs);
    room.relay.shape({ down: narrow(300_000) });
    const settled = await eventually(
      'what is sent fits',
      offered,
      ({ bps, dropped }) => bps < 600_000 && dropped === 0,
      3000 * PATIENCE,
    );
    assert.ok(settled.bps > 0);
    await ann.hears('Bob', TONE_HZ);
    const framesBefore = (await view.received()).get(cid.participantId)?.framesDecoded ?? 0;
    const concealed = await view.concealedShare(bobsId);
    assert.ok(concealed < 0.2, `${concealed} of the voice is made up`);
    const framesAfter = (await view.received()).get(cid.participantId)?.framesDecoded ?? 0;
    assert.ok(framesAfter > framesBefore + 4, `${framesAfter - framesBefore} frames`);
  });

  it('threat 12: has the large picture again when there are 2 Mbit/s again', async () => {
    const sinceMs = await ann.page.evaluate(() => performance.now());
    room.relay.shape({ down: narrow(2_000_000) });
    await view.sees(
      cid.participantId,
      'a large picture',
      (lines) => lines >= 720,
      sinceMs,
      15_000 * PATIENCE,
    );
    await ann.hears('Bob', TONE_HZ);
  });

  it('threat 12: with 150 kbit/s up goes on being heard', async () => {
    const sinceMs = await view.shows([{ participantId: bobsId, ...LARGE }]);
    await view.sees(bobsId, 'a picture', () => true, sinceMs);
    room.relay.shape({ up: narrow(150_000) });
    await ann.hears('Bob', TONE_HZ);
    await eventually(
      'his voice comes whole',
      () => view.concealedShare(bobsId),
      (share) => share < 0.2,
    );
    await ann.hears('Bob', TONE_HZ);
  });

  it('leaves nothing behind', async () => {
    assert.deepEqual(room.browser.problems, []);
    await Promise.all([cid.leave(), eve.leave(), ann.page.close(), bob.page.close()]);
    await untilBaseline(room.server);
  });
});
