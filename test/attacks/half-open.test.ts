// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { AttackedServer } from '../support/attacked-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders } from '../support/raw-call.ts';
import { RawSocket } from '../support/raw-socket.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

/** What a client sends before it falls silent. */
const BEGINNINGS: Record<string, Buffer | string> = {
  nothing: '',
  'the first byte of TLS': Buffer.from([0x16]),
  'half a ClientHello': Buffer.from('160301020001000', 'hex'),
  'half a request line': 'GET / HT',
  'half a header': 'GET / HTTP/1.1\r\nHost: loc',
  'a head whose body never comes':
    'POST /api/enrol HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
};

describe('threat 4: half-open connections', { concurrency: true }, () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let bystanders: Bystanders;

  before(async () => {
    attacked = await AttackedServer.start({
      flags: ['--workers', '1', '--host', '::'],
      env: { CANOPY_LIMITS_RESUME_SECONDS: '1' },
    });
    server = attacked.server;
    bystanders = await Bystanders.start(server.url, await newIdentity(server), await newIdentity(server));
  });
  after(async () => {
    await bystanders.goOn();
    await bystanders.leave();
    await attacked.close();
  });

  async function silent(host: string, beginning: Buffer | string): Promise<Socket> {
    const socket = connect(server.port, host);
    await once(socket, 'connect');
    socket.on('error', () => undefined).resume();
    if (beginning.length > 0) {
      socket.write(beginning);
    }
    return socket;
  }

  for (const [what, beginning] of Object.entries(BEGINNINGS)) {
    it(`100 clients that send ${what} keep nobody out, and are closed in the end`, async () => {
      const own = Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
      // Plain HTTP from another address is only redirected to HTTPS, a different path through the server.
      const hosts = own === undefined ? ['127.0.0.1'] : ['127.0.0.1', own];
      const sockets = await Promise.all(
        Array.from({ length: 100 }, (_, n) => silent(hosts[n % hosts.length] ?? '', beginning)),
      );
      await bystanders.goOn();
      await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')));
    });
  }

  it('a WebSocket that never enters the namespace is closed', async () => {
    const socket = await RawSocket.open(server.url);
    await socket.closed;
  });

  it('a client that never answers the challenge is notified and closed', async () => {
    const client = await ProtocolClient.open(server.url);
    assert.equal(await client.ended(), 'AUTH_REQUIRED');
  });

  it('a peer that vanishes because its network is gone is detected by the ping', async () => {
    const client = await ProtocolClient.enter(server.url, await newIdentity(server));
    await client.get('room.join', { roomId: 'vanishing' });
    await client.get('transport.create', { direction: 'send' });
    const watcher = await ProtocolClient.enter(server.url, await newIdentity(server));
    const { participants } = await watcher.get('room.join', { roomId: 'vanishing' });
    const { participantId } = participants.find(({ connected }) => connected) ?? { participantId: '' };
    client.pauseReading();
    const lost = await watcher.event('participant.updated', ({ participant }) => !participant.connected);
    assert.equal(lost.participant.participantId, participantId);
    // It would wait half a minute for the answer to its farewell, which it does not read.
    await client.cut();
    await watcher.event('participant.left');
    await watcher.get('room.leave', {});
    watcher.close();
  });
});

describe('threat 4: too many connections from one address', () => {
  const LIMIT = 5;
  let attacked: AttackedServer;
  let server: TestServer;

  before(async () => {
    attacked = await AttackedServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_LIMITS_CONNECTIONS_PER_ADDRESS: String(LIMIT) },
    });
    server = attacked.server;
  });
  after(() => attacked.close());

  const tooMany = async () => {
    const { status, body } = await RawSocket.refusal(server.url);
    assert.equal(status, 400);
    assert.match(body, /TOO_MANY_CONNECTIONS/);
    assert.match(body, /retryable/);
  };
  const another = async () => {
    const opened = await eventually(
      'a connection is let in',
      () => ProtocolClient.open(server.url).catch(() => null),
      (client) => client !== null,
    );
    return opened;
  };

  it('are refused with a code, and one that closes makes room for another', async () => {
    const clients = await Promise.all(Array.from({ length: LIMIT }, () => ProtocolClient.open(server.url)));
    await tooMany();
    clients.pop()?.close();
    const next = await another();
    await tooMany();
    for (const client of [...clients, ...(next ? [next] : [])]) {
      client.close();
    }
  });

  it('count from opening, even if they never enter the protocol', async () => {
    const first = await another();
    const sockets: RawSocket[] = [];
    await eventually('the limit is reached', async () => {
      const socket = await RawSocket.open(server.url).catch(() => null);
      return socket === null || sockets.push(socket) > LIMIT;
    });
    assert.ok(sockets.length < LIMIT, `${sockets.length} besides the first`);
    await tooMany();
    for (const socket of sockets) {
      socket.close();
    }
    first?.close();
  });

  it('are limited even if many open at the same time', async () => {
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => RawSocket.open(server.url)));
    const open = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.ok(open.length <= LIMIT, `${open.length} of 40`);
    for (const socket of open) {
      socket.close();
    }
  });
});
