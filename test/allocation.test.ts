import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { UdpRelay } from '../bench/index.ts';
import type { InboundStream } from '../client/node/index.ts';
import type { roomAllocation } from '../signaling/index.ts';
import { untilBaseline } from './support/gauges.ts';
import { HeadlessPerson } from './support/headless-person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

type RoomAllocation = z.infer<typeof roomAllocation>;

/** Over how long rates are measured, in milliseconds. */
const MEASURED_MS = 4000;
const LARGE = { width: 1280, height: 720 };
const SMALL = { width: 240, height: 135 };

/** What each counter grows by a second, in bits where it counts bytes. */
async function ratesOf(counters: ReadonlyArray<() => number>): Promise<number[]> {
  const before = counters.map((read) => read());
  await delay(MEASURED_MS);
  return counters.map((read, place) => ((read() - (before[place] ?? 0)) * 8000) / MEASURED_MS);
}

/** RFC 7741: the first packet of a VP8 frame whose payload header has the P bit clear. */
function startsKeyFrame(payload: Buffer): boolean {
  const [first = 0, extensions = 0, third = 0] = payload;
  if ((first & 0x1f) !== 0x10) {
    return false;
  }
  let offset = 1;
  if (first & 0x80) {
    offset = 2;
    if (extensions & 0x80) {
      offset += third & 0x80 ? 2 : 1;
    }
    if (extensions & 0x40) {
      offset += 1;
    }
    if (extensions & 0x30) {
      offset += 1;
    }
  }
  return ((payload[offset] ?? 1) & 1) === 0;
}

const bytesOf = (stream: InboundStream) => () => stream.counters.bytes;

describe('a room of people who send 720p in three layers, and one who looks', () => {
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;
  let cid: HeadlessPerson;
  let eve: HeadlessPerson;

  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1'] });
    const enter = () => HeadlessPerson.enter(server, 'team');
    [ann, bob, cid, eve] = await Promise.all([enter(), enter(), enter(), enter()]);
    // They look at nothing, so that what is wanted is wanted by her.
    for (const person of [ann, bob, cid]) {
      person.looksAt([]);
      await person.showCamera();
    }
  });

  after(async () => {
    await server.close();
  });

  const explain = () => server.api<RoomAllocation>('GET', '/api/rooms/team/allocation');
  const wanted = async () => {
    const { pictures } = await explain();
    const producerOf = (person: HeadlessPerson) =>
      person.room.publications.find(({ source }) => source === 'camera');
    return [ann, bob, cid].map((person) => {
      const { producerId } = producerOf(person) ?? {};
      return pictures.find((picture) => picture.producerId === producerId)?.wantedSpatialLayers;
    });
  };

  it('gives her the one that she shows large in 720p, the small one in the lowest layer', async () => {
    eve.looksAt([
      { at: ann, ...LARGE },
      { at: bob, ...SMALL },
      { at: cid, ...SMALL },
    ]);
    const streams = await Promise.all([ann, bob, cid].map((person) => eve.picture(person)));
    const [large, ...small] = await eventually(
      'Ann comes in 720p',
      () => ratesOf(streams.map(bytesOf)),
      ([annBps = 0]) => annBps > 700_000,
    );
    assert.ok((large ?? 0) < 1_400_000);
    for (const bps of small) {
      assert.ok(bps > 20_000 && bps < 220_000, `a thumbnail of ${bps} bit/s`);
    }
  });

  it('tells their senders which layers nobody wants, and those are sent no more', async () => {
    const seen = await eventually(
      'unwanted layers are told',
      wanted,
      (layers) => layers[1]?.join() === 'true,false,false' && layers[2]?.join() === 'true,false,false',
    );
    assert.deepEqual(seen[0], [true, false, true]);
    await eventually('they are sent no more', explain, ({ pictures }) => {
      const higher = pictures.flatMap(({ points, wantedSpatialLayers }) =>
        points.filter(({ spatialLayer }) => !wantedSpatialLayers[spatialLayer]),
      );
      return higher.length > 0 && higher.every(({ sent }) => !sent);
    });
  });

  it('sends her nothing of whom she shows no more, and its sender nothing to anybody', async () => {
    const stream = await eve.picture(cid);
    eve.looksAt([
      { at: ann, ...LARGE },
      { at: bob, ...SMALL },
    ]);
    await eventually(
      'no more packets of Cid',
      () => ratesOf([() => stream.counters.packets]),
      ([rate]) => rate === 0,
    );
    await eventually('nobody wants Cid', wanted, (layers) => layers[2]?.join() === 'false,false,false');
  });

  it('brings a layer back that somebody wants again', async () => {
    eve.looksAt([
      { at: cid, ...LARGE },
      { at: bob, ...SMALL },
    ]);
    const stream = await eve.picture(cid);
    await eventually(
      'Cid comes in 720p',
      () => ratesOf([bytesOf(stream)]),
      ([bps = 0]) => bps > 700_000,
    );
  });

  it('keeps within her budget where all that she shows would be more', async () => {
    eve.looksAt([ann, bob, cid].map((at) => ({ at, ...LARGE })));
    await eventually('all three come', async () => {
      const { receivers } = await explain();
      return receivers.some(({ tiles }) => tiles.length === 3 && tiles.every(({ layers }) => layers));
    });
    // The estimation and the senders settle.
    const [receivedBps = 0] = await eventually(
      'what she receives settles',
      () => ratesOf([() => eve.receivedBytes]),
      ([bps = 0]) => bps < 2_000_000,
    );
    assert.ok(receivedBps > 700_000, `${receivedBps} bit/s`);
    const { receivers } = await explain();
    const her = receivers.find(({ tiles }) => tiles.length === 3);
    assert.ok(her && her.videoBps <= her.budgetBps);
    assert.ok(
      her.tiles.some(({ reason }) => reason === 'budget'),
      JSON.stringify(her.tiles),
    );
    const metrics = await server.metrics();
    assert.ok((metrics.get('canopy_allocated_bits_per_second') ?? 0) > 500_000);
    assert.ok((metrics.get('canopy_allocation_duration_seconds_count') ?? 0) > 5);
  });

  it('asks a sender for a key frame at most three times a second, however often receivers ask', async () => {
    const track = eve.room.tracks.find(
      ({ kind, participantId }) => kind === 'video' && participantId === ann.participantId,
    );
    const picture = await eve.picture(ann);
    assert.ok(track);
    let keyFrames = 0;
    picture.tap = ({ header, payload }) => {
      if (startsKeyFrame(payload) && header.timestamp !== last) {
        keyFrames++;
        last = header.timestamp;
      }
    };
    let last = -1;
    const askedMs = 3000;
    const endMs = performance.now() + askedMs;
    let asked = 0;
    while (performance.now() < endMs) {
      await track.requestKeyFrame();
      await delay(25);
      asked++;
    }
    picture.tap = undefined;
    assert.ok(asked > 20, `${asked} requests`);
    assert.ok(
      keyFrames >= 1 && keyFrames <= askedMs / 380 + 2,
      `${keyFrames} key frames for ${asked} requests`,
    );
  });

  it('keeps the explanation from those without the key', async () => {
    const { status } = await fetch(new URL('/api/rooms/team/allocation', server.url));
    assert.equal(status, 401);
    await assert.rejects(server.api('GET', '/api/rooms/elsewhere/allocation'), /ROOM_NOT_JOINED/);
  });

  it('leaves nothing behind', async () => {
    await Promise.all([ann, bob, cid, eve].map((person) => person.leave()));
    await untilBaseline(server);
  });
});

describe('somebody behind 300 kbit/s, which become 2 Mbit/s', () => {
  it('gets voices and a small picture, and then a better one', async (t) => {
    const server = await TestServer.start({ flags: ['--workers', '1'] });
    t.after(() => server.close());
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}') ?? 0;
    const ann = await HeadlessPerson.enter(server, 'team');
    t.after(() => ann.leave());
    ann.looksAt([]);
    await Promise.all([ann.showCamera(), ann.listen()]);
    const link = (rateBps: number) => ({ delayMs: 20, rateBps, queueMs: 200 });
    const relay = await UdpRelay.create({
      listen: { address: '127.0.0.2', port: 0 },
      upstream: { address: '127.0.0.1', port },
      down: [
        { atMs: 0, profile: link(300_000) },
        { atMs: 20_000, profile: link(2_000_000) },
      ],
    });
    t.after(() => relay.close());
    const eve = await HeadlessPerson.enter(server, 'team', relay);
    t.after(() => eve.leave());
    eve.looksAt([{ at: ann, ...LARGE }]);
    const tile = async () => {
      const { receivers } = await server.api<RoomAllocation>('GET', '/api/rooms/team/allocation');
      return receivers.flatMap(({ tiles }) => tiles)[0];
    };
    await eventually(
      'the network is noticed',
      tile,
      (seen) => seen?.reason === 'estimate' && (seen.layers?.spatialLayer ?? 2) < 2,
    );
    const picture = await eve.picture(ann);
    await eventually(
      'a picture comes through',
      () => ratesOf([bytesOf(picture), () => eve.receivedBytes]),
      ([pictureBps = 0, allBps = 0]) => pictureBps > 20_000 && allBps < 330_000,
    );
    await eventually(
      'more comes than fitted before',
      () => ratesOf([bytesOf(picture)]),
      ([bps = 0]) => bps > 350_000,
      90_000,
    );
  });
});

describe('a server whose media worker is at its limit', () => {
  it('lets nobody new in, says what is short, and keeps those inside', async (t) => {
    // What a real conference takes here is over this limit.
    const server = await TestServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_MEDIA_CPU_LIMIT_PERCENT: '0.5' },
    });
    t.after(() => server.close());
    const [ann, bob] = await Promise.all(['team', 'team'].map((room) => HeadlessPerson.enter(server, room)));
    assert.ok(ann && bob);
    await Promise.all([ann.showCamera(), bob.showCamera()]);
    await ann.picture(bob);
    await eventually(
      'the load is noticed',
      () => server.metrics(),
      (metrics) => (metrics.get('canopy_worker_cpu_share{worker="0"}') ?? 0) > 0.005,
    );
    await assert.rejects(
      HeadlessPerson.enter(server, 'team'),
      ({ code, detail }: { code: string; detail: string }) => {
        assert.equal(code, 'SERVER_BUSY');
        assert.match(
          detail,
          /^CPU: the media worker uses \d+ % of a core, the limit is 1 %; try again in 10 s$/,
        );
        return true;
      },
    );
    assert.equal(ann.room.state, 'connected');
    const stream = await ann.picture(bob);
    const [rate = 0] = await ratesOf([() => stream.counters.packets]);
    assert.ok(rate > 0, 'those inside go on');
    await Promise.all([ann.leave(), bob.leave()]);
  });
});
