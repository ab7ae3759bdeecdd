import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { PlainTransport, Producer, Router, RtpCapabilities } from 'mediasoup/types';
import { pino } from 'pino';
import { routerCodecs } from '../codecs.ts';
import { checkRtpParameters } from '../guards.ts';
import { opusParameters } from '../test-support.ts';
import { MediaWorker } from '../workers/index.ts';
import { RoomSites, type Site } from './room-sites.ts';

const createRouter = (worker: MediaWorker): Promise<Router> =>
  worker.mediasoupWorker.createRouter({ mediaCodecs: routerCodecs(['opus']) });

describe('the sites of a room', () => {
  let workers: MediaWorker[];
  let sites: RoomSites;
  let placed: MediaWorker;
  let opened: number;

  before(async () => {
    const options = {
      listen: [{ ip: '127.0.0.1' }],
      rtcPort: 0,
      heartbeatMilliseconds: 500,
      memoryLimitBytes: 2 ** 31,
      log: pino({ level: 'silent' }),
    };
    workers = await Promise.all([MediaWorker.create(options), MediaWorker.create(options)]);
  });
  after(() => Promise.all(workers.map((worker) => worker.close())));

  beforeEach(async () => {
    const [first] = workers as [MediaWorker, MediaWorker];
    placed = first;
    opened = 0;
    sites = new RoomSites({
      home: { worker: first, router: await createRouter(first) },
      createRouter: (worker) => {
        opened += 1;
        return createRouter(worker);
      },
      place: () => placed,
    });
  });

  const further = (): Promise<Site> => {
    placed = workers[1] as MediaWorker;
    return sites.choose();
  };

  async function produce(site: Site): Promise<Producer> {
    const transport: PlainTransport = await site.router.createPlainTransport({ listenInfo: LOOPBACK });
    const producer = await transport.produce({
      kind: 'audio',
      rtpParameters: checkRtpParameters('audio', opusParameters()),
    });
    sites.produced(producer.id, site);
    producer.observer.once('close', () => sites.forget(producer.id));
    return producer;
  }

  const consume = async (site: Site, producerId: string) => {
    const transport = await site.router.createPlainTransport({ listenInfo: LOOPBACK });
    const rtpCapabilities = site.router.rtpCapabilities as RtpCapabilities;
    return transport.consume({ producerId, rtpCapabilities });
  };

  it('opens a further site once for concurrent requests', async () => {
    const [one, other] = await Promise.all([further(), further()]);
    assert.equal(one, other);
    assert.equal(opened, 1);
    assert.ok(sites.uses(one.worker));
    assert.deepEqual(
      sites.all.map(({ worker }) => worker),
      workers,
    );
    sites.close();
  });

  it('pipes a producer to another site under the same id, with one pair of transports for both directions', async () => {
    const away = await further();
    const here = await Promise.all([produce(sites.home), produce(sites.home)]);
    const there = await Promise.all([produce(away), produce(away)]);
    await Promise.all([
      ...here.flatMap(({ id }) => [sites.pipeTo(id, away), sites.pipeTo(id, away)]),
      ...there.flatMap(({ id }) => [sites.pipeTo(id, sites.home), sites.pipeTo(id, sites.home)]),
    ]);
    assert.equal(sites.pipeTransportCount, 2);
    for (const { id } of here) {
      assert.equal((await consume(away, id)).producerId, id);
    }
    for (const { id } of there) {
      assert.equal((await consume(sites.home, id)).producerId, id);
    }
    const dumps = await Promise.all(sites.all.map(({ router }) => router.dump()));
    // One plain transport for the producer and one for the consumer, plus one end of the pipe.
    assert.deepEqual(
      dumps.map(({ transportIds }) => transportIds.length),
      [5, 5],
    );
    sites.close();
  });

  it('threat 14: a producer that closes while being piped is unknown, and the others continue', async () => {
    const away = await further();
    const producers = await Promise.all(Array.from({ length: 10 }, () => produce(sites.home)));
    const brought = producers.map(({ id }) => sites.pipeTo(id, away));
    for (const producer of producers.slice(0, 5)) {
      producer.close();
    }
    const results = await Promise.allSettled(brought);
    for (const result of results.slice(0, 5)) {
      if (result.status === 'rejected') {
        assert.equal(result.reason.code, 'PRODUCER_UNKNOWN');
      }
    }
    for (const [index, result] of results.slice(5).entries()) {
      assert.equal(result.status, 'fulfilled');
      assert.equal((await consume(away, producers[index + 5]?.id ?? '')).closed, false);
    }
    await assert.rejects(sites.pipeTo(producers[0]?.id ?? '', away), { code: 'PRODUCER_UNKNOWN' });
    const { mapProducerIdConsumerIds } = await away.router.dump();
    assert.equal(mapProducerIdConsumerIds.length, 5, 'no pipe is left of those that closed');
    sites.close();
  });

  it('threat 14: a room that closes during piping leaves nothing in its workers', async () => {
    const away = await further();
    const producer = await produce(sites.home);
    const bringing = sites.pipeTo(producer.id, away).catch((error) => error.code);
    sites.close();
    await bringing;
    for (const worker of workers) {
      assert.deepEqual((await worker.mediasoupWorker.dump()).routerIds, []);
    }
  });

  it('threat 14: a room that closes while a site is opening does not keep the site', async () => {
    const opening = further();
    sites.close();
    await assert.rejects(opening, { code: 'ROOM_NOT_JOINED' });
    for (const worker of workers) {
      assert.deepEqual((await worker.mediasoupWorker.dump()).routerIds, []);
    }
  });
});

const LOOPBACK = { protocol: 'udp', ip: '127.0.0.1' } as const;
