import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Device } from 'mediasoup-client';
import { CanopyError } from '../../base/index.ts';
import { createHandlerFactory } from '../../client/node/index.ts';
import { connect as connectSdk, type Identity } from '../../client/sdk/index.ts';
import type { Answer, FirstRequest, RequestResult, RtpCapabilities } from '../../contract/index.ts';
import { InProcessServer } from '../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../test/support/protocol-client.ts';
import { Seat } from '../../test/support/raw-call.ts';
import { RawSocket } from '../../test/support/raw-socket.ts';

let server: InProcessServer;
let ann: Identity;
let bob: Identity;

before(async () => {
  server = await InProcessServer.start();
  [ann, bob] = await Promise.all([newIdentity(server), newIdentity(server, { displayName: 'Bob' })]);
});
after(() => server.close());

const capabilities = () => server.sfu.routerRtpCapabilities as RtpCapabilities;
const join = (roomId: string, consume: 'audio' | 'all' = 'all') => ({
  roomId,
  media: { rtpCapabilities: capabilities(), consume },
});

describe('requests in socket.io’s CONNECT packet', () => {
  /** Connects with these first requests. */
  const connect = (make: (client: ProtocolClient, nonce: string) => Promise<FirstRequest[]>) =>
    ProtocolClient.open(server.url, async (client, nonce) => ({ requests: await make(client, nonce) }));
  const prove = async (client: ProtocolClient, nonce: string): Promise<FirstRequest> => ({
    name: 'auth.prove',
    id: 'prove-0001',
    data: await client.proof(ann, { nonce }),
  });
  /** Error code of an answer; undefined if it succeeded. */
  const judged = async (client: ProtocolClient, id: string) => {
    const { answer } = await client.event('session.answer', (each) => each.id === id);
    return answer.ok ? undefined : answer.error.code;
  };

  it('sign in and join in the round trip that opens the connection', async () => {
    const client = await connect(async (self, nonce) => [
      await prove(self, nonce),
      { name: 'room.join', id: 'join-0001', data: join('team') },
    ]);
    assert.equal(await judged(client, 'prove-0001'), undefined);
    const { answer } = await client.event('session.answer', ({ id }) => id === 'join-0001');
    const { result } = answer as Answer<RequestResult<'room.join'>> & { ok: true };
    assert.equal(result.participants.length, 1);
    assert.ok(result.media);
    assert.equal(await client.refusal('room.join', { roomId: 'team' }), 'ROOM_ALREADY_JOINED');
    client.close();
  });

  it('answer the challenge, which is the connection’s own: threat 1', async () => {
    const other = await ProtocolClient.open(server.url);
    const client = await connect(async (self) => [
      await prove(self, other.nonce),
      { name: 'room.join', id: 'join-0001', data: { roomId: 'team' } },
    ]);
    assert.notEqual(client.nonce, other.nonce);
    assert.equal(await judged(client, 'prove-0001'), 'AUTH_BAD_NONCE');
    assert.equal(await judged(client, 'join-0001'), 'AUTH_REQUIRED');
    // The challenge is used up.
    assert.equal(await client.refusal('auth.prove', await client.proof(ann)), 'AUTH_BAD_NONCE');
    // The other connection's is not.
    await other.get('auth.prove', await other.proof(ann));
    for (const each of [client, other]) {
      each.close();
    }
  });

  it('are judged like all others', async () => {
    const client = await connect(async () => [
      { name: 'room.join', id: 'join-0001', data: join('team') },
      { name: 'nonsense', id: 'what-0001', data: {} },
    ]);
    assert.equal(await judged(client, 'join-0001'), 'AUTH_REQUIRED');
    assert.equal(await judged(client, 'what-0001'), 'UNKNOWN_REQUEST');
    await client.get('auth.prove', await client.proof(ann));
    client.close();
  });

  it('are ignored if they are something else', async () => {
    const three = { name: 'session.ping', id: 'ping-0001', data: {} };
    for (const requests of ['x', 7, null, {}, [[]], [{ name: 'auth.prove' }], [three, three, three]]) {
      const client = await ProtocolClient.open(server.url, async () => ({ requests }));
      await client.get('auth.prove', await client.proof(ann));
      assert.equal(client.count('session.answer'), 0);
      client.close();
    }
  });

  it('end the connection if they are longer than strangers may write: threat 4', async () => {
    const socket = await RawSocket.open(server.url, { headers: { origin: server.url } });
    socket.ws.send(`40${JSON.stringify({ requests: 'x'.repeat(20_000) })}`);
    await socket.closed;
  });

  it('are how the SDK joins and returns', async () => {
    const createDevice = () => Device.factory({ handlerFactory: createHandlerFactory() });
    const client = await connectSdk({
      url: server.url,
      identity: ann,
      createDevice,
      join: { roomId: 'early', displayName: 'Early' },
    });
    const { room } = client;
    assert.ok(room);
    const { participantId = '' } = room;
    assert.equal(room.participants.get(participantId)?.displayName, 'Early');
    const returned = new Promise<void>((resolve) =>
      room.on('state', (state) => state === 'connected' && resolve()),
    );
    client.reconnect();
    await returned;
    assert.deepEqual([...room.participants.keys()], [participantId]);
    await client.close();
    await assert.rejects(
      connectSdk({
        url: server.url,
        identity: bob,
        createDevice,
        join: { roomId: 'early', pin: '1'.repeat(13) },
      }),
      (error) => CanopyError.from(error).code === 'BAD_REQUEST',
    );
  });
});

describe('a join that asks for media', () => {
  it('is answered with both transports, signed, and consumers of the wanted kind', async () => {
    const seat = await Seat.take(server.url, ann, 'studio');
    const [voice, picture] = [await seat.produce('audio'), await seat.produce('video')];
    for (const [consume, expected] of [
      ['audio', [voice]],
      ['all', [voice, picture]],
    ] as const) {
      const client = await ProtocolClient.enter(server.url, bob);
      const { media } = await client.get('room.join', join('studio', consume));
      assert.ok(media);
      const { send, recv, consumers } = media;
      assert.deepEqual(new Set(consumers.map(({ producerId }) => producerId)), new Set(expected));
      assert.notEqual(send.transportId, recv.transportId);
      assert.equal(send.binding.fingerprint, recv.binding.fingerprint);
      await client.get('consumer.resume', { consumerIds: consumers.map(({ consumerId }) => consumerId) });
      assert.equal(await client.refusal('transport.create', { direction: 'send' }), 'TRANSPORT_EXISTS');
      await client.get('transport.close', { transportId: send.transportId });
      await client.get('transport.create', { direction: 'send' });
      await client.get('room.leave', {});
      client.close();
    }
    seat.client.close();
  });

  it('leaves the transports of somebody who returns as they are', async () => {
    const client = await ProtocolClient.enter(server.url, bob);
    const { peerId, media } = await client.get('room.join', join('den'));
    assert.ok(media);
    await client.cut();
    const again = await ProtocolClient.enter(server.url, bob);
    const { resumed, own, ...rest } = await again.get('room.join', { ...join('den'), resume: { peerId } });
    assert.equal(resumed, true);
    assert.equal(rest.media, undefined);
    assert.deepEqual(new Set(own.transportIds), new Set([media.send.transportId, media.recv.transportId]));
    again.close();
  });

  it('is refused with malformed capabilities', async () => {
    const client = await ProtocolClient.enter(server.url, bob);
    const media = { rtpCapabilities: { codecs: 'all' }, consume: 'all' };
    assert.equal(await client.refusal('room.join', { roomId: 'den', media }), 'BAD_REQUEST');
    client.close();
  });
});
