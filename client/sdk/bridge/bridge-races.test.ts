import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ProducerInfo, RequestResult } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { emptySnapshot, ScriptedServer } from '../../../test/support/scripted-server.ts';
import { enrol } from '../identity/index.ts';
import type { BridgeEvents } from './bridge-events.ts';
import { BridgeSession } from './bridge-session.ts';

const uuid = () => crypto.randomUUID();
const PEER = uuid();
const SOCKET = { address: '127.0.0.1', port: 4000 };
const OPUS = {
  codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, channels: 2 }],
  encodings: [{ ssrc: 1 }],
};

let server: ScriptedServer;
let session: BridgeSession;
let snapshot: Omit<RequestResult<'room.join'>, 'log'>;

function hosted(participantId: string, peerId = PEER) {
  const accountId = 'a'.repeat(64);
  return {
    participantId,
    peerId,
    accountId,
    displayName: 'Phone',
    kind: 'phone',
    role: 'guest',
    connected: true,
  } as const;
}

function next<N extends keyof BridgeEvents>(name: N): Promise<BridgeEvents[N]> {
  return new Promise((resolve) => session.once(name, (...args) => resolve(args)));
}

beforeEach(async () => {
  server = await ScriptedServer.start();
  snapshot = emptySnapshot(PEER);
  server.script['auth.prove'] = () => ({}) as never;
  server.script['room.join'] = () => snapshot;
  server.script['bridge.open'] = () => ({
    send: { ...SOCKET, transportId: uuid() },
    recv: { ...SOCKET, transportId: uuid() },
  });
  server.script['participant.add'] = () => ({ participantId: uuid() });
  server.script['producer.create'] = () => ({ producerId: uuid() });
  const { url, fetch } = server;
  const identity = await enrol({ serverUrl: url, secret: 'any', displayName: 'Bridge', fetch });
  session = await BridgeSession.join({ url, identity, roomId: 'demo' });
});
afterEach(async () => {
  await session.leave();
  await server.close();
});

describe('BridgeSession in races', () => {
  it('closes the transport that is left of a pair, and opens a new pair', async () => {
    const phone = await session.addParticipant({ displayName: 'Phone' });
    const { send } = await session.open(SOCKET);
    await phone.produce(OPUS);
    const { participantId = '' } = phone;
    snapshot = {
      ...snapshot,
      resumed: true,
      participants: [hosted(participantId)],
      own: { transportIds: [send.transportId], producerIds: [], consumerIds: [] },
    };
    const lost = next('media-lost');
    const opened = next('media');
    server.cut();
    await lost;
    const [media] = await opened;
    assert.deepEqual((await server.request('transport.close')).data, { transportId: send.transportId });
    const { data } = await server.request('producer.create', 2);
    assert.deepEqual([data.transportId, data.participantId], [media.send.transportId, participantId]);
    assert.equal(server.got('participant.add').length, 1);
  });

  it('re-sends an unanswered request after a resumption without adding anyone twice', async () => {
    const participantId = uuid();
    server.script['participant.add'] = ({ connection }) =>
      connection === 0 ? new Promise(() => {}) : { participantId };
    const adding = session.addParticipant({ displayName: 'Phone' });
    const first = await server.request('participant.add');
    snapshot = { ...snapshot, resumed: true, participants: [hosted(participantId)] };
    server.cut();
    const phone = await adding;
    assert.equal(phone.participantId, participantId);
    assert.equal((await server.request('participant.add', 2)).id, first.id);
    assert.equal(server.got('participant.remove').length, 0);
  });

  it('removes a participant added by a request whose answer was lost, if not resumed', async () => {
    const orphan = uuid();
    const participantId = uuid();
    server.script['participant.add'] = ({ connection }) =>
      connection === 0 ? new Promise(() => {}) : { participantId };
    const adding = session.addParticipant({ displayName: 'Phone' });
    await server.request('participant.add');
    snapshot = { ...snapshot, participants: [hosted(orphan)] };
    server.cut();
    assert.equal((await adding).participantId, participantId);
    assert.deepEqual((await server.request('participant.remove')).data.participantId, orphan);
  });

  it('retries temporary failures and gives up on permanent ones', async () => {
    let tries = 0;
    server.script['participant.add'] = () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new CanopyError('WORKER_UNAVAILABLE')) : { participantId: uuid() };
    };
    const phone = await session.addParticipant({ displayName: 'Phone' });
    assert.equal(tries, 2);
    server.script['producer.create'] = () => Promise.reject(new CanopyError('MEDIA_REJECTED'));
    await session.open(SOCKET);
    await assert.rejects(phone.produce(OPUS), { code: 'MEDIA_REJECTED' });
    server.script['participant.add'] = () => Promise.reject(new CanopyError('LIMIT_REACHED'));
    await assert.rejects(session.addParticipant({ displayName: 'More' }), { code: 'LIMIT_REACHED' });
    assert.deepEqual(session.hosted, [phone]);
  });

  it('treats a participant that the server does not know as removed', async () => {
    const phone = await session.addParticipant({ displayName: 'Phone' });
    server.script['participant.update'] = () => Promise.reject(new CanopyError('PARTICIPANT_UNKNOWN'));
    const acted = next('action');
    await phone.update({ callState: 'held' });
    assert.deepEqual(await acted, [phone, 'kick', null]);
    assert.ok(phone.removed);
  });

  it('removes a participant that leaves while it is being added', async () => {
    const participantId = uuid();
    const { promise, resolve } = Promise.withResolvers<{ participantId: string }>();
    server.script['participant.add'] = () => promise;
    const adding = session.addParticipant({ displayName: 'Phone' });
    await server.request('participant.add');
    const [phone] = session.hosted;
    const removed = phone?.remove();
    resolve({ participantId });
    await removed;
    await assert.rejects(adding, { code: 'ROOM_NOT_JOINED' });
    assert.equal((await server.request('participant.remove')).data.participantId, participantId);
  });

  it('requests all audio at once and no video, and starts only what still exists', async () => {
    const producer = (kind: 'audio' | 'video'): ProducerInfo => ({
      producerId: uuid(),
      participantId: uuid(),
      kind,
      source: kind === 'audio' ? 'microphone' : 'camera',
      paused: false,
    });
    const [stays, goes, picture] = [producer('audio'), producer('audio'), producer('video')];
    const consumerId = uuid();
    server.script['consumer.create'] = ({ data }) => {
      server.emit('producer.closed', { producerId: goes.producerId });
      return {
        failed: [],
        consumers: data.producerIds.map((producerId: string) => ({
          consumerId: producerId === stays.producerId ? consumerId : uuid(),
          producerId,
          kind: 'audio',
          type: 'simple',
          producerPaused: false,
          rtpParameters: {
            codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000 }],
            encodings: [{ ssrc: 77 }],
            headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 10 }],
          },
        })),
      };
    };
    await session.open(SOCKET);
    for (const each of [stays, goes, picture]) {
      server.emit('producer.added', { producer: each });
    }
    const [source] = await next('source');
    assert.deepEqual(source, {
      producerId: stays.producerId,
      consumerId,
      participantId: stays.participantId,
      kind: 'audio',
      source: 'microphone',
      mimeType: 'audio/opus',
      clockRate: 48_000,
      ssrc: 77,
      payloadType: 100,
      audioLevelId: 10,
      paused: false,
    });
    await server.request('consumer.resume');
    const asked = server.got('consumer.create').flatMap(({ data }) => data.producerIds);
    assert.ok(!asked.includes(picture.producerId));
    assert.ok(!session.sources.some(({ producerId }) => producerId === goes.producerId));
  });
});
