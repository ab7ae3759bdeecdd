import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Device, FakeHandler, testFakeParameters, type types } from 'mediasoup-client';
import type { ProducerInfo, RequestResult } from '../../contract/index.ts';
import { CanopyError, dtlsStatement, type ErrorCode } from '../../contract/light.ts';
import { emptySnapshot, ScriptedServer } from '../../test/support/scripted-server.ts';
import { type Client, connect } from './client.ts';
import type { Emitter } from './emitter.ts';
import { enrol } from './identity/index.ts';
import type { RemoteTrack } from './remote-track.ts';
import type { Room } from './room.ts';

const uuid = () => crypto.randomUUID();
const withCode = (code: ErrorCode) => (error: CanopyError) => error.code === code;
const SELF = uuid();
const BOB = uuid();
const PEER = uuid();
const DTLS = Array(32).fill('AB').join(':');

/** A minimal track for mediasoup-client's fake handler. The browser tests use real ones. */
class TestTrack extends EventTarget {
  readonly id = uuid();
  readonly kind: 'audio' | 'video';
  readyState = 'live';
  enabled = true;
  contentHint = '';
  constructor(kind: 'audio' | 'video') {
    super();
    this.kind = kind;
  }
  stop() {
    this.readyState = 'ended';
  }
}
const track = (kind: 'audio' | 'video') => new TestTrack(kind) as unknown as MediaStreamTrack;

function participant(participantId: string, displayName: string) {
  const accountId = 'a'.repeat(64);
  return {
    participantId,
    peerId: uuid(),
    accountId,
    displayName,
    kind: 'user',
    role: 'member',
    connected: true,
  } as const;
}

function producer(source: ProducerInfo['source'] = 'microphone'): ProducerInfo {
  const kind = source === 'microphone' || source === 'screen-audio' ? 'audio' : 'video';
  return { producerId: uuid(), participantId: BOB, kind, source, paused: false };
}

let server: ScriptedServer;
let client: Client;
/** Handlers of all transports, in creation order. */
let handlers: FakeHandler[];
/** The room's snapshot, changed by tests. */
let snapshot: Omit<RequestResult<'room.join'>, 'log'>;

function useScript(target: ScriptedServer): void {
  target.script['auth.prove'] = () => ({}) as never;
  target.script['room.join'] = () => snapshot;
  target.script['transport.create'] = async () => {
    const { iceParameters, iceCandidates } = testFakeParameters.generateTransportRemoteParameters();
    return {
      transportId: uuid(),
      iceParameters,
      iceCandidates: iceCandidates.map((candidate) => ({ ...candidate, address: '127.0.0.1' })),
      dtlsParameters: { role: 'auto', fingerprints: [{ algorithm: 'sha-256', value: DTLS }] },
      binding: await target.authority.signDtls('worker', DTLS),
    };
  };
  target.script['transport.restartIce'] = () => {
    const { iceParameters } = testFakeParameters.generateTransportRemoteParameters();
    return { iceParameters };
  };
  target.script['producer.create'] = () => ({ producerId: uuid() });
  target.script['consumer.create'] = ({ data }) => consumersOf(data.producerIds);
}

function consumersOf(producerIds: string[]): RequestResult<'consumer.create'> {
  const consumers = producerIds.map((producerId) => {
    const kind = snapshot.producers.find((each) => each.producerId === producerId)?.kind ?? 'audio';
    const { rtpParameters } = testFakeParameters.generateConsumerRemoteParameters({
      codecMimeType: kind === 'audio' ? 'audio/opus' : 'video/VP8',
    });
    return {
      consumerId: uuid(),
      producerId,
      kind,
      rtpParameters: rtpParameters as unknown as Record<string, unknown>,
      type: 'simple' as const,
      producerPaused: false,
    };
  });
  return { consumers, failed: [] };
}

async function createDevice(): Promise<types.Device> {
  const base = FakeHandler.createFactory(testFakeParameters);
  const factory: typeof base.factory = (options) => {
    const handler = base.factory(options);
    handlers.push(handler as FakeHandler);
    const send = handler.send.bind(handler);
    handler.send = async (sent) => {
      const result = await send(sent);
      // No browser generates a mid like the fake handler's.
      result.rtpParameters.mid = result.localId;
      return result;
    };
    return handler;
  };
  return new Device({ handlerFactory: { ...base, factory } });
}

/** Resolves with the arguments of the next matching event. */
function next<Events extends Record<keyof Events, unknown[]>, N extends keyof Events>(
  emitter: Emitter<Events>,
  event: N,
  fits: (...args: Events[N]) => boolean = () => true,
): Promise<Events[N]> {
  return new Promise((resolve) => {
    const off = emitter.on(event, (...args) => {
      if (!fits(...args)) {
        return;
      }
      off();
      resolve(args);
    });
  });
}

/** Resolves when the room has this many tracks. */
async function hasTracks(room: Room, count: number): Promise<RemoteTrack[]> {
  while (room.tracks.length !== count) {
    await Promise.race([next(room, 'track'), next(room, 'track-ended')]);
  }
  return room.tracks;
}

beforeEach(async () => {
  server = await ScriptedServer.start();
  useScript(server);
  handlers = [];
  snapshot = {
    ...emptySnapshot(PEER),
    participantId: SELF,
    routerRtpCapabilities: testFakeParameters.generateRouterRtpCapabilities() as Record<string, unknown>,
    participants: [participant(SELF, 'Ada'), participant(BOB, 'Bob')],
  };
  const { url, fetch } = server;
  const identity = await enrol({ serverUrl: url, secret: 'any', displayName: 'Ada', fetch });
  client = await connect({ url, identity, createDevice });
});
afterEach(async () => {
  await client.close();
  await server.close();
});

describe('receiving', () => {
  it('subscribes to everything in a room with one request and resumes with one more', async () => {
    snapshot.producers = [producer(), producer(), producer()];
    const room = await client.join('demo');
    const tracks = await hasTracks(room, 3);
    assert.equal(tracks[0]?.participant?.displayName, 'Bob');
    const { data } = await server.request('consumer.resume');
    assert.deepEqual(
      data.consumerIds,
      tracks.map(({ consumerId }) => consumerId),
    );
    assert.equal(server.got('consumer.create').length, 1);
    assert.equal(server.got('transport.create').length, 1);
  });

  it('threat 24: ends a track when the server says that its participant has another device, and binds a new one to it', async () => {
    snapshot.participants = [
      participant(SELF, 'Ada'),
      { ...participant(BOB, 'Bob'), deviceId: '1'.repeat(64) },
    ];
    snapshot.producers = [producer()];
    const room = await client.join('demo');
    const [first] = await hasTracks(room, 1);
    const ended = next(room, 'track-ended');
    const again = next(room, 'track');
    server.emit('participant.updated', {
      participant: { ...participant(BOB, 'Bob'), deviceId: '2'.repeat(64) },
    });
    assert.equal((await ended)[0], first);
    assert.deepEqual((await server.request('consumer.close')).data.consumerIds, [first?.consumerId]);
    assert.notEqual((await again)[0], first);
    // Other changes end nothing.
    const updated = next(room, 'participant-updated');
    server.emit('participant.updated', {
      participant: { ...participant(BOB, 'Robert'), deviceId: '2'.repeat(64) },
    });
    await updated;
    assert.equal(room.tracks.length, 1);
    assert.equal(server.got('consumer.close').length, 1);
  });

  it('subscribes to video without waiting until all voices play', async () => {
    const [voice, camera] = [producer(), producer('camera')];
    snapshot.producers = [voice, camera];
    const resumed = Promise.withResolvers<void>();
    server.script['consumer.resume'] = async () => {
      await resumed.promise;
      return {};
    };
    const room = await client.join('demo');
    await hasTracks(room, 2);
    const asked = server.got('consumer.create').map(({ data }) => data.producerIds);
    assert.deepEqual(asked, [[voice.producerId], [camera.producerId]]);
    assert.equal(server.got('transport.create').length, 1);
    resumed.resolve();
  });

  it('requests at most 64 producers at once', async () => {
    snapshot.producers = Array.from({ length: 70 }, () => producer());
    const room = await client.join('demo');
    await hasTracks(room, 70);
    const counts = server.got('consumer.create').map(({ data }) => data.producerIds.length);
    assert.deepEqual(counts, [64, 6]);
  });

  it('drops a producer that closed during the subscription', async () => {
    const [gone, stays] = [producer(), producer()];
    snapshot.producers = [gone, stays];
    const room = await client.join('demo');
    server.script['consumer.create'] = ({ data }) => {
      server.emit('producer.closed', { producerId: gone.producerId });
      return consumersOf(data.producerIds);
    };
    const [only] = await hasTracks(room, 1);
    assert.equal(only?.producerId, stays.producerId);
    assert.deepEqual((await server.request('consumer.resume')).data.consumerIds, [only?.consumerId]);
  });

  it('applies events that overtake the answer to join after that answer', async () => {
    const gone = producer();
    const late = producer();
    server.script['room.join'] = async () => {
      server.emit('producer.closed', { producerId: gone.producerId });
      server.emit('producer.added', { producer: late });
      server.emit('room.speaker', { participantId: BOB });
      return { ...snapshot, producers: [gone] };
    };
    const room = await client.join('demo');
    assert.equal(room.speaker, BOB);
    const [only] = await hasTracks(room, 1);
    assert.equal(only?.producerId, late.producerId);
  });

  it('continues without producers that could not be subscribed to', async () => {
    const [bad, good] = [producer(), producer()];
    snapshot.producers = [bad, good];
    server.script['consumer.create'] = ({ data }) => ({
      ...consumersOf(data.producerIds.filter((id: string) => id === good.producerId)),
      failed: [{ producerId: bad.producerId, error: new CanopyError('CODEC_UNSUPPORTED').toJSON() }],
    });
    const room = await client.join('demo');
    const [error] = await next(room, 'error');
    assert.equal(error.code, 'CODEC_UNSUPPORTED');
    const [only] = await hasTracks(room, 1);
    assert.equal(only?.producerId, good.producerId);
    assert.equal(server.got('consumer.create').length, 1);
  });

  it('continues without consumers that fail locally, and closes them at the server', async () => {
    const [bad, good] = [producer(), producer()];
    snapshot.producers = [bad, good];
    const codecs = [{ mimeType: 'audio/unknown', payloadType: 1, clockRate: 8000 }];
    const consumers = consumersOf([bad.producerId, good.producerId]).consumers.map((info) =>
      info.producerId === bad.producerId
        ? { ...info, rtpParameters: { ...info.rtpParameters, codecs } }
        : info,
    );
    server.script['consumer.create'] = () => ({ consumers, failed: [] });
    const room = await client.join('demo');
    await next(room, 'error');
    const [only] = await hasTracks(room, 1);
    assert.equal(only?.producerId, good.producerId);
    assert.deepEqual((await server.request('consumer.close')).data.consumerIds, [consumers[0]?.consumerId]);
    assert.deepEqual((await server.request('consumer.resume')).data.consumerIds, [only?.consumerId]);
    assert.equal(server.got('consumer.create').length, 1);
  });

  it('emits muting, ended tracks, and people who come and go', async () => {
    const voice = producer();
    snapshot.producers = [voice];
    const room = await client.join('demo');
    await hasTracks(room, 1);
    const muted = next(room, 'track-updated');
    server.emit('producer.paused', { producerId: voice.producerId });
    assert.equal((await muted)[0].muted, true);
    const ended = next(room, 'track-ended');
    server.emit('producer.closed', { producerId: voice.producerId });
    assert.equal((await ended)[0].closed, true);
    const left = next(room, 'participant-left');
    server.emit('participant.left', { participantId: BOB, reason: 'lost' });
    assert.equal((await left)[0].displayName, 'Bob');
    assert.deepEqual([...room.participants.keys()], [SELF]);
  });
});

describe('a layout', () => {
  const tile = (participantId: string, width: number, height: number) => ({
    participantId,
    source: 'camera' as const,
    width,
    height,
  });
  const camera = (participantId: string): ProducerInfo => ({ ...producer('camera'), participantId });
  const [ann, bob] = [uuid(), uuid()];

  it('is reported by producer, and only videos in it are subscribed to, but all audio is', async () => {
    const [annSends, bobSends, voice] = [camera(ann), camera(bob), producer()];
    snapshot.producers = [annSends, bobSends, voice];
    const joining = client.join('demo');
    client.room?.setLayout({ tiles: [tile(ann, 319.6, 180)], maxBitrateBps: 1_000_000 });
    const room = await joining;
    const { data } = await server.request('room.layout');
    assert.deepEqual(data, {
      tiles: [{ producerId: annSends.producerId, width: 320, height: 180, pinned: false }],
      maxBitrateBps: 1_000_000,
    });
    const tracks = await hasTracks(room, 2);
    assert.deepEqual(
      tracks.map(({ producerId }) => producerId),
      [voice.producerId, annSends.producerId],
    );
    room.setLayout({ tiles: [{ ...tile(bob, 640, 360), pinned: true }] });
    await hasTracks(room, 3);
    assert.deepEqual((await server.request('room.layout', 2)).data, {
      tiles: [{ producerId: bobSends.producerId, width: 640, height: 360, pinned: true }],
    });
  });

  it('is reported again when videos come and go, once for many changes, and not if nothing changed', async () => {
    const room = await client.join('demo');
    room.setLayout({ tiles: [tile(ann, 320, 180), tile(bob, 320, 180)] });
    assert.deepEqual((await server.request('room.layout')).data.tiles, []);
    const [annSends, bobSends] = [camera(ann), camera(bob)];
    snapshot.producers = [annSends, bobSends];
    server.emit('producer.added', { producer: annSends });
    server.emit('producer.added', { producer: bobSends });
    for (let width = 1; width <= 50; width += 1) {
      room.setLayout({ tiles: [tile(ann, width, 180), tile(bob, 320, 180)] });
    }
    await hasTracks(room, 2);
    const second = await server.request('room.layout', 2);
    assert.deepEqual(
      second.data.tiles.map(({ width }: { width: number }) => width),
      [50, 320],
    );
    server.emit('producer.closed', { producerId: annSends.producerId });
    const third = await server.request('room.layout', 3);
    assert.equal(third.data.tiles.length, 1);
    room.setLayout({ tiles: [tile(bob, 320, 180)] });
    room.setLayout({ tiles: [tile(bob, 0, 180)] });
    await server.request('room.layout', 4);
    assert.equal(server.got('room.layout').length, 4);
  });

  it('is reported again after a lost socket and at a new home', async () => {
    snapshot.producers = [camera(ann)];
    const room = await client.join('demo');
    room.setLayout({ tiles: [tile(ann, 320, 180)] });
    const first = await server.request('room.layout');
    await hasTracks(room, 1);
    server.cut();
    assert.deepEqual((await server.request('room.layout', 2)).data, first.data);
    snapshot.producers = [camera(ann)];
    server.emit('room.rehome', { roomId: 'demo', url: '/', ticket: 't', reason: 'worker-died' });
    const third = await server.request('room.layout', 3);
    assert.equal(third.data.tiles[0].producerId, snapshot.producers[0]?.producerId);
  });

  it('keeps the consumer of a video off the screen for a while, then closes it', async () => {
    snapshot.producers = [camera(ann), camera(bob)];
    const room = await client.join('demo');
    const [annShown, bobShown] = await hasTracks(room, 2);
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      room.setLayout({ tiles: [tile(ann, 320, 180)] });
      await server.request('room.layout');
      mock.timers.tick(29_000);
      assert.equal(bobShown?.closed, false);
      room.setLayout({ tiles: [tile(bob, 320, 180)] });
      mock.timers.tick(2000);
      assert.deepEqual([annShown?.closed, bobShown?.closed], [false, false]);
      mock.timers.tick(30_000);
      assert.deepEqual([annShown?.closed, bobShown?.closed], [true, false]);
      assert.deepEqual((await server.request('consumer.close')).data.consumerIds, [annShown?.consumerId]);
    } finally {
      mock.timers.reset();
    }
  });

  it('is answered with the allocation of each video', async () => {
    snapshot.producers = [camera(ann)];
    const [{ producerId } = { producerId: '' }] = snapshot.producers;
    const room = await client.join('demo');
    server.script['consumer.create'] = ({ data }) => {
      server.emit('room.allocation', {
        tiles: [{ producerId, layers: { spatialLayer: 1, temporalLayer: 2 }, reason: 'full' }],
      });
      return consumersOf(data.producerIds);
    };
    room.setLayout({ tiles: [tile(ann, 320, 180)] });
    const [track] = await hasTracks(room, 1);
    assert.deepEqual(track?.allocation, { layers: { spatialLayer: 1, temporalLayer: 2 }, reason: 'full' });
    const updated = next(room, 'track-updated');
    server.emit('room.allocation', { tiles: [{ producerId, layers: null, reason: 'budget' }] });
    assert.deepEqual((await updated)[0].allocation, { layers: null, reason: 'budget' });
  });
});

describe('sending', () => {
  it('binds its DTLS certificate to the device and announces three simulcast layers', async () => {
    const room = await client.join('demo');
    const publication = await room.publish(track('video'));
    const connected = await server.request('transport.connect');
    const { transportId, dtlsParameters, signature } = connected.data;
    const { deviceId, chain } = client.identity;
    const fingerprint = dtlsParameters.fingerprints[0].value;
    const key = new X509Certificate(Buffer.from(chain[0] ?? '', 'base64')).publicKey;
    const statement = dtlsStatement({ deviceId, transportId, fingerprint });
    const options = { key, dsaEncoding: 'ieee-p1363' } as const;
    assert.ok(verify('sha256', statement, options, Buffer.from(signature, 'base64url')));
    const { data } = await server.request('producer.create');
    assert.equal(data.source, 'camera');
    assert.equal(data.rtpParameters.encodings.length, 3);
    assert.match(data.rtpParameters.codecs[0].mimeType, /VP8/i);
    assert.equal(publication.closed, false);
  });

  it('settles on the last of many changes', async () => {
    const room = await client.join('demo');
    const publication = await room.publish(track('audio'), { muted: true });
    assert.equal((await server.request('producer.create')).data.paused, true);
    await Promise.all([publication.unmute(), publication.mute(), publication.unmute()]);
    await Promise.all([publication.mute(), publication.unmute(), publication.mute(), publication.unmute()]);
    assert.equal(publication.muted, false);
    assert.equal(publication.track.enabled, true);
    const states = server.requests
      .map(({ name }) => name)
      .filter((name) => /^producer\.(pause|resume)$/.test(name));
    assert.equal(states.at(-1), 'producer.resume');
  });

  it('ends a publication that was unpublished while it started', async () => {
    const room = await client.join('demo');
    const unpublished = next(room, 'unpublished');
    server.script['producer.create'] = () => {
      void room.publications[0]?.unpublish();
      return { producerId: PEER };
    };
    await room.publish(track('audio'));
    assert.equal((await unpublished)[1], undefined);
    assert.equal((await server.request('producer.close')).data.producerId, PEER);
    assert.deepEqual(room.publications, []);
  });

  it('rejects with what the server or the device refuses', async () => {
    const capabilities = testFakeParameters.generateRouterRtpCapabilities();
    const codecs = capabilities.codecs?.filter(({ mimeType }) => mimeType !== 'video/VP8');
    snapshot.routerRtpCapabilities = { ...capabilities, codecs };
    const room = await client.join('demo');
    await assert.rejects(room.publish(track('video'), { codec: 'vp8' }), withCode('CODEC_UNSUPPORTED'));
    server.script['producer.create'] = () => Promise.reject(new CanopyError('LIMIT_REACHED'));
    await assert.rejects(room.publish(track('audio')), withCode('LIMIT_REACHED'));
    assert.deepEqual(room.publications, []);
    assert.equal(room.state, 'connected');
  });

  it('threat 24: closes the room if the server’s media keys are not the deployment’s', async () => {
    const room = await client.join('demo');
    const create = server.script['transport.create'];
    server.script['transport.create'] = async (request) => {
      const created = (await create?.(request)) as RequestResult<'transport.create'>;
      const value = Array(32).fill('CD').join(':');
      return { ...created, dtlsParameters: { fingerprints: [{ algorithm: 'sha-256', value }] } };
    };
    const closed = next(room, 'state', (state) => state === 'closed');
    await assert.rejects(room.publish(track('audio')), withCode('SERVER_UNVERIFIED'));
    assert.equal((await closed)[1]?.code, 'SERVER_UNVERIFIED');
    await server.request('room.leave');
    assert.equal(server.got('transport.connect').length, 0);
    assert.equal(handlers.length, 0);
  });
});

describe('a lost socket', () => {
  it('is followed by a resume that keeps what still exists and recreates the rest', async () => {
    const [stays, ends, lost] = [producer(), producer(), producer()];
    snapshot.producers = [stays, ends, lost];
    const room = await client.join('demo');
    const publication = await room.publish(track('audio'));
    await hasTracks(room, 3);
    await server.request('transport.connect', 2);
    const [kept, , without] = room.tracks;
    const appeared = producer();
    const carol = participant(uuid(), 'Carol');
    snapshot = {
      ...snapshot,
      resumed: true,
      participants: [participant(SELF, 'Ada'), carol],
      producers: [stays, lost, appeared],
      own: {
        transportIds: server.got('transport.connect').map(({ data }) => data.transportId),
        producerIds: [publication.producerId ?? ''],
        consumerIds: [kept?.consumerId ?? ''],
      },
    };
    server.cut();
    const join = await server.request('room.join', 2);
    assert.equal(join.data.resume.peerId, PEER);
    await next(room, 'state', (state) => state === 'connected');
    const again = await server.request('consumer.create', server.got('consumer.create').length + 1);
    assert.deepEqual(again.data.producerIds, [lost.producerId, appeared.producerId]);
    await hasTracks(room, 3);
    assert.equal(without?.closed, true);
    assert.equal(kept?.closed, false);
    assert.deepEqual(
      [...room.participants.values()].map(({ displayName }) => displayName),
      ['Ada', 'Carol'],
    );
    assert.equal(server.got('transport.create').length, 2);
    assert.equal(server.got('producer.create').length, 1);
  });

  it('is followed by new media with the same tracks if the seat is gone', async () => {
    const voice = producer();
    snapshot.producers = [voice];
    const room = await client.join('demo');
    const microphone = track('audio');
    const publication = await room.publish(microphone);
    await publication.mute();
    await hasTracks(room, 1);
    server.cut();
    const republished = await server.request('producer.create', 2);
    assert.equal(republished.data.paused, true);
    await server.request('consumer.create', 2);
    await hasTracks(room, 1);
    assert.equal(microphone.readyState, 'live');
    assert.equal(server.got('transport.create').length, 4);
  });

  it('never takes this client for another device after it got a new seat, as after a restart of the server', async () => {
    const bob = { ...participant(BOB, 'Bob'), accountId: 'b'.repeat(64) };
    snapshot.participants = [participant(SELF, 'Ada'), bob];
    const room = await client.join('demo');
    const again = participant(uuid(), 'Ada');
    snapshot = {
      ...snapshot,
      peerId: uuid(),
      participantId: again.participantId,
      participants: [again, bob],
    };
    const others: string[] = [];
    const look = () => {
      for (const { participantId, accountId } of room.participants.values()) {
        if (accountId === again.accountId && participantId !== room.participantId) {
          others.push(participantId);
        }
      }
    };
    const joined = next(room, 'participant-joined');
    room.on('participant-joined', look);
    room.on('participant-updated', look);
    server.cut();
    await joined;
    assert.deepEqual(others, []);
    assert.equal(room.participantId, again.participantId);
  });

  it('keeps changes made in the meantime', async () => {
    const room = await client.join('demo');
    const publication = await room.publish(track('audio'));
    server.cut();
    await next(room, 'state', (state) => state === 'reconnecting');
    await Promise.all([publication.mute(), room.publish(track('video'))]);
    const names = server
      .got('producer.create')
      .slice(1)
      .map(({ data }) => [data.source, data.paused]);
    assert.deepEqual(names.sort(), [
      ['camera', false],
      ['microphone', true],
    ]);
  });

  it('closes the room if the server refuses to readmit the client', async () => {
    const room = await client.join('demo');
    server.script['room.join'] = () => Promise.reject(new CanopyError('FORBIDDEN'));
    const closed = next(room, 'state', (state) => state === 'closed');
    server.cut();
    assert.equal((await closed)[1]?.code, 'FORBIDDEN');
    assert.equal(client.room, undefined);
  });

  it('keeps retrying while the server cannot readmit it yet', async () => {
    const room = await client.join('demo');
    let refusals = 2;
    server.script['room.join'] = async () => {
      if (refusals-- > 0) {
        throw new CanopyError('WORKER_UNAVAILABLE');
      }
      return snapshot;
    };
    server.cut();
    await next(room, 'state', (state) => state === 'connected');
    assert.equal(server.got('room.join').length, 4);
  });
});

describe('room.rehome', () => {
  const rehome = (ticket: string, url = '/') =>
    server.emit('room.rehome', { roomId: 'demo', url, ticket, reason: 'worker-died' });

  it('recreates all media with the ticket, on the same socket and with the same tracks', async () => {
    snapshot.producers = [producer()];
    const room = await client.join('demo');
    const camera = track('video');
    await room.publish(camera);
    await hasTracks(room, 1);
    const [old] = room.tracks;
    snapshot.producers = [producer()];
    const told = next(room, 'rehome');
    rehome('ticket-1');
    assert.deepEqual(await told, ['worker-died']);
    const join = await server.request('room.join', 2);
    assert.equal(join.data.ticket, 'ticket-1');
    await Promise.all([server.request('producer.create', 2), server.request('consumer.create', 2)]);
    const [fresh] = await hasTracks(room, 1);
    assert.equal(old?.closed, true);
    assert.equal(fresh?.producerId, snapshot.producers[0]?.producerId);
    assert.equal(camera.readyState, 'live');
    assert.equal(server.connections, 1);
    assert.equal(room.state, 'connected');
  });

  it('follows the last of several tickets', async () => {
    const room = await client.join('demo');
    await room.publish(track('audio'));
    server.script['room.join'] = ({ data }) => {
      if (data.ticket === 'ticket-1') {
        rehome('ticket-2');
      }
      return snapshot;
    };
    rehome('ticket-1');
    const last = await server.request('room.join', 3);
    assert.equal(last.data.ticket, 'ticket-2');
    await server.request('producer.create', 2);
    assert.equal(room.state, 'connected');
    assert.equal(server.got('producer.create').length, 2);
  });

  it('opens a new socket if the ticket is refused', async () => {
    const room = await client.join('demo');
    await room.publish(track('audio'));
    server.script['room.join'] = async ({ data }) => {
      if (data.ticket !== undefined) {
        throw new CanopyError('TICKET_INVALID');
      }
      return snapshot;
    };
    rehome('forged');
    const join = await server.request('room.join', 3);
    assert.equal(join.connection, 1);
    assert.equal(join.data.resume.peerId, PEER);
    await server.request('producer.create', 2);
  });

  it('leads to another server of the deployment', async () => {
    const other = await ScriptedServer.start(server.authority);
    useScript(other);
    try {
      const room = await client.join('demo');
      await room.publish(track('audio'));
      rehome('ticket-1', other.url);
      assert.equal((await other.request('auth.prove')).data.origin, other.url);
      assert.equal((await other.request('room.join')).data.ticket, 'ticket-1');
      await other.request('producer.create');
      await room.leave();
    } finally {
      await client.close();
      await other.close();
    }
  });

  it('is ignored for another room', async () => {
    const room = await client.join('demo');
    server.emit('room.rehome', { roomId: 'other', url: '/', ticket: 't', reason: 'drain' });
    await room.publish(track('audio'));
    assert.equal(server.got('room.join').length, 1);
  });
});

describe('a broken path', () => {
  it('is repaired by ICE restarts until it is connected', async () => {
    const room = await client.join('demo');
    await room.publish(track('audio'));
    const [handler] = handlers;
    handler?.setConnectionState('disconnected');
    await server.request('transport.restartIce');
    handler?.setConnectionState('connected');
    handler?.setConnectionState('failed');
    await server.request('transport.restartIce', 2);
    handler?.setConnectionState('connected');
    await room.restartIce();
    assert.equal(server.got('transport.restartIce').length, 3);
  });

  it('is not what a path is whose server side connects first', async () => {
    const room = await client.join('demo');
    await room.publish(track('audio'));
    const { transportId } = (await server.request('transport.connect')).data;
    handlers[0]?.setConnectionState('connecting');
    server.emit('transport.state', { transportId, state: 'connected' });
    // The answer comes after the event.
    await room.raiseHand();
    handlers[0]?.setConnectionState('connected');
    await room.raiseHand();
    assert.equal(server.got('transport.restartIce').length, 0);
  });

  it('is repaired if only the server noticed it', async () => {
    const room = await client.join('demo');
    await room.publish(track('audio'));
    handlers[0]?.setConnectionState('connected');
    const { transportId } = (await server.request('transport.connect')).data;
    server.emit('transport.state', { transportId, state: 'disconnected' });
    assert.equal((await server.request('transport.restartIce')).data.transportId, transportId);
    server.emit('transport.state', { transportId, state: 'connected' });
  });

  it('is replaced by a new transport if DTLS failed', async () => {
    snapshot.producers = [producer()];
    const room = await client.join('demo');
    await hasTracks(room, 1);
    await room.publish(track('audio'));
    for (const { data } of server.got('transport.connect')) {
      server.emit('transport.state', { transportId: data.transportId, state: 'failed' });
    }
    await server.request('transport.close', 2);
    await server.request('producer.create', 2);
    await server.request('consumer.create', 2);
    await hasTracks(room, 1);
    assert.equal(server.got('transport.create').length, 4);
  });

  it('is replaced by a new transport if this side cannot restart ICE', async () => {
    const room = await client.join('demo');
    await room.publish(track('audio'));
    const { transportId } = (await server.request('transport.connect')).data;
    const [handler] = handlers;
    assert.ok(handler);
    handler.restartIce = async () => {
      throw new DOMException('it has none', 'NotSupportedError');
    };
    handler.setConnectionState('connected');
    handler.setConnectionState('disconnected');
    assert.equal((await server.request('transport.close')).data.transportId, transportId);
    await server.request('producer.create', 2);
    assert.notEqual((await server.request('transport.connect', 2)).data.transportId, transportId);
    assert.equal(server.got('transport.restartIce').length, 1);
  });
});

describe('media that does not get through', () => {
  it('is reported after 4 s at first and 2 s after a loss, with the ports, and so is its return', async () => {
    const room = await client.join('demo');
    const told: string[] = [];
    room.on('media', (direction, { state }) => told.push(`${direction} ${state}`));
    mock.timers.enable({ apis: ['setTimeout'] });
    let transportId: string;
    try {
      await room.publish(track('audio'));
      transportId = (await server.request('transport.connect')).data.transportId;
      handlers[0]?.setConnectionState('connecting');
      mock.timers.tick(3999);
      assert.deepEqual(told, ['send connecting']);
      mock.timers.tick(1);
      assert.deepEqual(room.media.recv, { state: 'idle', endpoints: [] });
      assert.equal(room.media.send.state, 'failed');
      const [{ protocol, address, port } = assert.fail()] = room.media.send.endpoints;
      assert.deepEqual([protocol, address, typeof port], ['udp', '127.0.0.1', 'number']);
      handlers[0]?.setConnectionState('connected');
      handlers[0]?.setConnectionState('disconnected');
      mock.timers.tick(2000);
      handlers[0]?.setConnectionState('connected');
    } finally {
      mock.timers.reset();
    }
    const once = ['connecting', 'failed', 'connected'].map((state) => `send ${state}`);
    assert.deepEqual(told, [...once, ...once]);
    const failed = next(room, 'media', (_direction, { state }) => state === 'failed');
    server.emit('transport.state', { transportId, state: 'disconnected' });
    assert.equal((await failed)[0], 'send');
  });

  it('leaves no half transport at the server if the local half fails', async () => {
    const create = server.script['transport.create'];
    server.script['transport.create'] = async (request) => {
      const created = await create?.(request);
      assert.ok(created);
      return { ...created, iceParameters: undefined as never };
    };
    const room = await client.join('demo');
    await assert.rejects(room.publish(track('audio')));
    const { transportId } = (await server.request('transport.close')).data;
    assert.match(transportId, /^[0-9a-f-]{36}$/);
    server.script['transport.create'] = create;
    await room.publish(track('audio'));
  });
});

describe('a track that ends', () => {
  it('ends its publication, at the server too', async () => {
    const room = await client.join('demo');
    const microphone = track('audio');
    const publication = await room.publish(microphone);
    const { producerId } = publication;
    const told = next(room, 'unpublished');
    const errors: CanopyError[] = [];
    room.on('error', (error) => errors.push(error));
    microphone.dispatchEvent(new Event('ended'));
    const [ended, error] = await told;
    assert.equal(ended, publication);
    assert.equal(error?.code, 'MEDIA_ENDED');
    assert.deepEqual((await server.request('producer.close')).data, { producerId });
    assert.deepEqual([room.publications, errors], [[], []]);
  });

  it('does not end a publication that already sends another one', async () => {
    const room = await client.join('demo');
    const [first, second] = [track('audio'), track('audio')];
    const publication = await room.publish(first);
    await publication.replaceTrack(second);
    first.dispatchEvent(new Event('ended'));
    assert.equal(publication.closed, false);
    const told = next(room, 'unpublished');
    second.dispatchEvent(new Event('ended'));
    await told;
    assert.equal(publication.closed, true);
  });

  it('is not published if it has already ended, or ends in the meantime', async () => {
    const room = await client.join('demo');
    const dead = track('audio');
    dead.stop();
    await assert.rejects(room.publish(dead), withCode('MEDIA_ENDED'));
    const screen = track('video');
    server.script['producer.create'] = () => {
      screen.stop();
      screen.dispatchEvent(new Event('ended'));
      return { producerId: uuid() };
    };
    const publishing = room.publish(screen, { source: 'screen' });
    await next(room, 'unpublished');
    await server.request('producer.close');
    const publication = await publishing;
    assert.equal(publication.closed, true);
  });
});

describe('a path that is lost', () => {
  it('replaces the socket if the server is silent on it too', async () => {
    snapshot.producers = [producer()];
    const room = await client.join('demo');
    await hasTracks(room, 1);
    handlers[0]?.setConnectionState('connected');
    server.script['session.ping'] = () => new Promise(() => {});
    const reconnecting = next(room, 'state', (state) => state === 'reconnecting');
    handlers[0]?.setConnectionState('disconnected');
    await reconnecting;
    await next(room, 'state', (state) => state === 'connected');
    assert.equal(server.connections, 2);
  });
});

describe('leaving', () => {
  it('closes everything, is emitted once, and lets the client join again', async () => {
    snapshot.producers = [producer()];
    const room = await client.join('demo');
    await assert.rejects(client.join('demo'), withCode('ROOM_ALREADY_JOINED'));
    const microphone = track('audio');
    await room.publish(microphone);
    await hasTracks(room, 1);
    const states: string[] = [];
    room.on('state', (state) => states.push(state));
    await Promise.all([room.leave(), room.leave()]);
    assert.deepEqual(states, ['closed']);
    assert.deepEqual([room.tracks, room.publications], [[], []]);
    assert.equal(microphone.readyState, 'live');
    await assert.rejects(room.publish(microphone), withCode('ROOM_NOT_JOINED'));
    assert.equal((await client.join('other')).state, 'connected');
  });

  it('is possible while the connection is lost', async () => {
    const room = await client.join('demo');
    server.cut();
    await next(room, 'state', (state) => state === 'reconnecting');
    await room.leave();
    assert.equal(room.state, 'closed');
    await client.createInvitation();
    assert.equal(server.got('room.join').length, 1);
  });

  it('happens if the session ended permanently', async () => {
    const room = await client.join('demo');
    const closed = next(room, 'state', (state) => state === 'closed');
    server.emit('session.ended', { error: new CanopyError('SESSION_REPLACED').toJSON() });
    assert.equal((await closed)[1]?.code, 'SESSION_REPLACED');
    assert.equal(client.state, 'closed');
  });
});

describe('raised hands', () => {
  const carol = participant(uuid(), 'Carol');
  const order = (room: Room) => room.hands.map(({ participantId }) => participantId);

  beforeEach(() => {
    snapshot.participants.push(carol);
  });

  it('are listed in the order in which they were raised, including those raised before the join', async () => {
    snapshot.parts = { ...snapshot.parts, hands: [{ participantId: BOB, raisedAtMs: 1 }] };
    const room = await client.join('demo');
    assert.deepEqual(room.hands, [{ participantId: BOB, raisedAtMs: 1 }]);
    const raised = next(room, 'hand-raised');
    server.emit('hand.raised', { participantId: SELF, raisedAtMs: 2 });
    assert.deepEqual(await raised, [SELF]);
    assert.deepEqual(order(room), [BOB, SELF]);
    const lowered = next(room, 'hand-lowered');
    server.emit('hand.lowered', { participantId: BOB, by: SELF });
    assert.deepEqual(await lowered, [BOB, SELF]);
    assert.deepEqual(room.hands, [{ participantId: SELF, raisedAtMs: 2 }]);
  });

  it('go down when their owners leave', async () => {
    snapshot.parts = {
      ...snapshot.parts,
      hands: [BOB, SELF].map((participantId, n) => ({ participantId, raisedAtMs: n })),
    };
    const room = await client.join('demo');
    const lowered = next(room, 'hand-lowered');
    server.emit('participant.left', { participantId: BOB, reason: 'left' });
    assert.deepEqual(await lowered, [BOB, undefined]);
    assert.deepEqual(order(room), [SELF]);
  });

  it('match the snapshot after a lost socket, with each change emitted once', async () => {
    snapshot.parts = {
      ...snapshot.parts,
      hands: [BOB, SELF].map((participantId, n) => ({ participantId, raisedAtMs: n })),
    };
    const room = await client.join('demo');
    const told: unknown[] = [];
    room.on('hand-raised', (participantId) => told.push(['up', participantId]));
    room.on('hand-lowered', (participantId) => told.push(['down', participantId]));
    const hands = [SELF, carol.participantId].map((participantId, n) => ({ participantId, raisedAtMs: n }));
    snapshot = { ...snapshot, parts: { ...snapshot.parts, hands } };
    server.cut();
    await next(room, 'state', (state) => state === 'connected');
    assert.deepEqual(told, [
      ['down', BOB],
      ['up', carol.participantId],
    ]);
    assert.deepEqual(room.hands, hands);
  });

  it('are raised and lowered by the server', async () => {
    const room = await client.join('demo');
    await room.raiseHand();
    await room.lowerHand();
    await room.lowerHand(BOB);
    assert.equal(server.got('hand.raise').length, 1);
    assert.deepEqual(
      server.got('hand.lower').map(({ data }) => data),
      [{}, { participantId: BOB }],
    );
  });
});

describe('moderation and phones', () => {
  it('asks the server to mute, remove, readmit and call', async () => {
    const room = await client.join('demo');
    const callId = uuid();
    server.script['call.dial'] = () => ({ callId });
    await room.mute(BOB);
    await room.mute(BOB, false);
    await room.kick(BOB);
    await room.readmit('b'.repeat(64));
    assert.deepEqual(await room.dial('+4930', { displayName: 'Desk' }), { callId });
    assert.deepEqual(
      server.got('participant.mute').map(({ data }) => data),
      [true, false].map((muted) => ({ participantId: BOB, muted })),
    );
    assert.deepEqual(server.got('participant.kick')[0]?.data, { participantId: BOB });
    assert.deepEqual(server.got('participant.readmit')[0]?.data, { accountId: 'b'.repeat(64) });
    assert.deepEqual(server.got('call.dial')[0]?.data, { target: '+4930', displayName: 'Desk' });
    const failed = next(room, 'call-failed');
    server.emit('call.failed', { callId, error: new CanopyError('CALL_FAILED', '486').toJSON() });
    const [told] = await failed;
    assert.deepEqual([told.callId, told.error.code, told.error.detail], [callId, 'CALL_FAILED', '486']);
  });

  it('mutes when a moderator says so, and lets the user unmute', async () => {
    const room = await client.join('demo');
    const microphone = await room.publish(track('audio'));
    const camera = await room.publish(track('video'));
    const told = next(room, 'muted-by');
    server.emit('participant.action', { participantId: SELF, action: 'mute', by: BOB });
    assert.equal((await told)[0]?.displayName, 'Bob');
    await server.request('producer.pause');
    assert.deepEqual([microphone.muted, camera.muted], [true, false]);
    await microphone.unmute();
    await server.request('producer.resume');
    assert.equal(microphone.muted, false);
  });

  it('keeps a microphone muted that a moderator stopped, and unmutes it once that is allowed', async () => {
    const room = await client.join('demo');
    const microphone = await room.publish(track('audio'), { muted: true });
    server.script['producer.resume'] = () => {
      throw new CanopyError('STOPPED_BY_MODERATOR');
    };
    await assert.rejects(microphone.unmute(), withCode('STOPPED_BY_MODERATOR'));
    assert.deepEqual([microphone.muted, microphone.closed], [true, false]);
    const asked = next(room.moderation, 'asked');
    delete server.script['producer.resume'];
    server.emit('participant.asked', { participantId: SELF, source: 'microphone', by: BOB });
    const [what, moderator] = await asked;
    assert.deepEqual([what, moderator?.displayName], ['microphone', 'Bob']);
    await microphone.unmute();
    assert.equal(microphone.muted, false);
  });

  it('mutes a camera that a moderator stops, and says what moderators did to whom', async () => {
    snapshot.parts.moderation.restraints.push({ participantId: BOB, muted: true, denied: [] });
    const room = await client.join('demo');
    const { moderation } = room;
    assert.equal(moderation.restraintOf(BOB).muted, true);
    const camera = await room.publish(track('video'));
    const stopped = next(moderation, 'stopped');
    server.emit('participant.action', { participantId: SELF, action: 'stop-camera', by: BOB });
    assert.equal((await stopped)[0], 'camera');
    assert.equal(camera.muted, true);
    const restrained = next(moderation, 'restrained');
    server.emit('participant.restrained', { participantId: SELF, muted: false, denied: ['camera'], by: BOB });
    assert.deepEqual(await restrained, [SELF]);
    assert.deepEqual(moderation.restraintOf(SELF).denied, ['camera']);
    server.emit('participant.left', { participantId: BOB, reason: 'left' });
    await next(room, 'participant-left');
    assert.equal(moderation.restraintOf(BOB).muted, false);
  });

  it('reports the spotlight, which people leave with the room, and reactions', async () => {
    snapshot.parts.spotlight.push(BOB);
    const room = await client.join('demo');
    assert.deepEqual(room.spotlight.participantIds, [BOB]);
    const lit = next(room.spotlight, 'changed');
    server.emit('room.spotlight', { participantIds: [BOB, SELF], by: BOB });
    assert.deepEqual((await lit)[0], [BOB, SELF]);
    const left = next(room.spotlight, 'changed');
    server.emit('participant.left', { participantId: BOB, reason: 'left' });
    assert.deepEqual(await left, [[SELF], undefined]);
    const reactions = [{ participantId: SELF, kind: 'applause' as const, count: 2 }];
    const reacted = next(room.reactions, 'reactions');
    server.emit('room.reactions', { reactions });
    assert.deepEqual(await reacted, [reactions]);
    await room.reactions.send('love');
    assert.deepEqual(server.got('reaction.send')[0]?.data, { kind: 'love' });
  });

  it('closes when the user is removed', async () => {
    const room = await client.join('demo');
    const closed = next(room, 'state', (state) => state === 'closed');
    server.emit('session.ended', { error: new CanopyError('KICKED').toJSON() });
    assert.equal((await closed)[1]?.code, 'KICKED');
    assert.equal(client.state, 'closed');
  });
});
