import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import type { Identity } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { memoryOf } from '../support/memory.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders } from '../support/raw-call.ts';
import { RawSocket } from '../support/raw-socket.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const FLOOD = 100_000;
/** Maximum memory growth of the server under attack, in bytes: a fraction of what is sent to it. */
const GROWTH_BYTES = 150_000_000;

/** Writes a packet repeatedly at full speed until the connection ends. */
async function flood(socket: RawSocket, send: () => void): Promise<number> {
  let sent = 0;
  while (sent < FLOOD && socket.ws.readyState === WebSocket.OPEN) {
    for (let n = 0; n < 500; n += 1) {
      send();
    }
    sent += 500;
    await new Promise(setImmediate);
  }
  return sent;
}

describe('threat 4: floods', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let mallory: Identity;
  let bystanders: Bystanders;

  before(async () => {
    attacked = await AttackedServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_LIMITS_RESUME_SECONDS: '1' },
    });
    server = attacked.server;
    const [ann, bob] = [await newIdentity(server), await newIdentity(server)];
    mallory = await newIdentity(server);
    bystanders = await Bystanders.start(server.url, ann, bob);
  });
  after(async () => {
    await bystanders.leave();
    await attacked.close();
  });

  const PACKETS: Record<string, string> = {
    requests: '420["room.join",{"id":"aaaaaaaa","data":{"roomId":"team"}}]',
    'requests without acknowledgement': '42["room.join",{"id":"aaaaaaaa","data":{"roomId":"team"}}]',
    'unknown events': '420["nonsense",{}]',
    acknowledgements: '430[{}]',
    'connects to namespaces that are not there': '40/nowhere,',
    heartbeats: '3',
    'packets without meaning': '6',
  };
  for (const [what, packet] of Object.entries(PACKETS)) {
    it(`${FLOOD} ${what} at full speed are cut off, and a call in progress continues`, async () => {
      const before = memoryOf(server.pid);
      const socket = await RawSocket.challenged(server.url);
      const attack = flood(socket, () => socket.ws.send(packet));
      await bystanders.goOn();
      await attack;
      await socket.closed;
      await bystanders.goOn();
      assert.ok(memoryOf(server.pid) - before < GROWTH_BYTES, 'memory is bounded');
    });
  }

  it(`${FLOOD} WebSocket pings whose answers nobody reads are cut off`, async () => {
    const before = memoryOf(server.pid);
    const socket = await RawSocket.challenged(server.url);
    socket.tcp.pause();
    const attack = flood(socket, () => socket.ws.ping('x'.repeat(125)));
    await bystanders.goOn();
    await attack;
    socket.tcp.resume();
    await socket.closed;
    assert.ok(memoryOf(server.pid) - before < GROWTH_BYTES, 'memory is bounded');
  });

  it('a user who floods is first warned, then cut off, and others are answered', async () => {
    const client = await ProtocolClient.enter(server.url, mallory);
    await client.get('room.join', { roomId: 'flooded' });
    const answers = await Promise.allSettled(
      Array.from({ length: 600 }, () => client.ask('room.join', { roomId: 'flooded' })),
    );
    const codes = answers.map((answer) =>
      answer.status === 'fulfilled' && !answer.value.ok ? answer.value.error.code : 'none',
    );
    assert.ok(codes.includes('ROOM_ALREADY_JOINED') && codes.includes('RATE_LIMITED'));
    assert.ok(client.open, 'a short burst is forgiven');
    for (let n = 0; n < 20_000; n += 1) {
      client.socket.emit('room.join', { id: randomUUID(), data: {} });
    }
    await bystanders.goOn();
    assert.equal(await client.ended(), 'RATE_LIMITED');
    const again = await ProtocolClient.enter(server.url, mallory);
    await again.get('room.join', { roomId: 'flooded' });
    await again.get('room.leave', {});
    again.close();
    await eventually(
      'the seat of the one that was cut off is given up',
      () => server.objects(),
      ({ peersWaiting }) => peersWaiting === 0,
    );
  });
});

describe('threats 4 and 8: a peer that never reads', () => {
  let attacked: AttackedServer;
  let server: TestServer;

  before(async () => {
    attacked = await AttackedServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_LIMITS_REQUESTS_PER_SECOND: '5000', CANOPY_LIMITS_RESUME_SECONDS: '1' },
    });
    server = attacked.server;
  });
  after(() => attacked.close());

  it('is cut off with over 1 MiB unsent, while the others in its room are served and memory is bounded', async () => {
    const [ann, bob, mallory] = await Promise.all([1, 2, 3].map(() => newIdentity(server)));
    assert.ok(ann && bob && mallory);
    const bystanders = await Bystanders.start(server.url, ann, bob, 'team');
    const client = await ProtocolClient.enter(server.url, mallory);
    const { peerId } = await client.get('room.join', { roomId: 'team' });
    const left = bystanders.ann.client.event(
      'participant.left',
      ({ participantId }) => participantId !== bystanders.bob.participantId,
    );
    const producerIds = Array.from({ length: 64 }, () => randomUUID());
    const before = memoryOf(server.pid);
    client.pauseReading();
    // 64 refusals make an answer of about 10 KB.
    for (let n = 0; n < 5000; n += 1) {
      client.socket.emit(
        'consumer.create',
        { id: randomUUID(), data: { transportId: peerId, producerIds } },
        () => 0,
      );
    }
    await bystanders.goOn();
    await left;
    assert.match(server.log, /SLOW_READER/);
    // The connection itself is gone, not only its session, although the client has not read any of the final message.
    await eventually(
      'its TCP connection is closed',
      () => openConnections(server.port, client.localPort),
      (open) => open === 0,
    );
    assert.ok(memoryOf(server.pid) - before < GROWTH_BYTES, 'memory is bounded');
    await bystanders.goOn();
    client.close();
    await bystanders.leave();
  });
});

/** Number of established connections between a server's port and a client's port, both on loopback. */
function openConnections(port: number, clientPort: number): number {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  // Local address, remote address, state; 01 is ESTABLISHED.
  return lines.filter((line) => {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/);
    return local.endsWith(`:${hex(port)}`) && remote.endsWith(`:${hex(clientPort)}`) && state === '01';
  }).length;
}
