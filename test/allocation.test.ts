// Mostly waits: may run beside other tests.
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

/** Interval over which rates are measured, in milliseconds. */
const MEASURED_MS = 4000;
const LARGE = { width: 1280, height: 720 };
const SMALL = { width: 240, height: 135 };

/** Growth of each counter per second; bits for byte counters. */
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

describe('a viewer in a room of people who send 720p in three layers', () => {
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;
  let cid: HeadlessPerson;
  let eve: HeadlessPerson;

  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1'] });
    const enter = () => HeadlessPerson.enter(server, 'team');
    [ann, bob, cid, eve] = await Promise.all([enter(), enter(), enter(), enter()]);
    // They watch nothing, so that only she wants layers.
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

  it('gets 720p of the person shown large, and the lowest layer of the one shown small', async () => {
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

  it('makes senders suspend the layers that nobody wants', async () => {
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

  it('gets nothing of a person no longer shown, who then sends no video at all', async () => {
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

  it('gets a layer back that is wanted again', async () => {
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

  it('gets no more than its budget, even if more is shown', async () => {
    eve.looksAt([ann, bob, cid].map((at) => ({ at, ...LARGE })));
    await eventually('all three come', async () => {
      const { receivers } = await explain();
      return receivers.some(({ tiles }) => tiles.length === 3 && tiles.every(({ layers }) => layers));
    });
    // Wait until the estimation and the senders have settled.
    await eventually(
      'what she receives settles',
      () => ratesOf([() => eve.receivedBytes]),
      ([bps = 0]) => bps > 700_000 && bps < 2_000_000,
    );
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

  it('causes at most three key-frame requests per second at a sender, however often receivers request one', async () => {
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

  it('cannot read the allocation’s explanation without the API key', async () => {
    const { status } = await fetch(new URL('/api/rooms/team/allocation', server.url));
    assert.equal(status, 401);
    await assert.rejects(server.api('GET', '/api/rooms/elsewhere/allocation'), /404.*ROOM_UNKNOWN/);
  });

  it('leaves no objects behind', async () => {
    await Promise.all([ann, bob, cid, eve].map((person) => person.leave()));
    await untilBaseline(server);
  });
});

describe('a viewer whose network grows from 300 kbit/s to 2 Mbit/s', () => {
  it('gets audio and small video, and then larger video', async (t) => {
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
  it('admits nobody new, names the shortage, and keeps those inside', async (t) => {
    // A real conference exceeds this limit.
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
