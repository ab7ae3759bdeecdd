// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders } from '../support/raw-call.ts';
import { RawSocket } from '../support/raw-socket.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

/** limits.messageBytes. */
const MESSAGE_BYTES = 262_144;

describe('threat 4: frames', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let mallory: Identity;
  let bystanders: Bystanders;

  before(async () => {
    attacked = await AttackedServer.start({ flags: ['--workers', '1'] });
    server = attacked.server;
    const [ann, bob] = [await newIdentity(server), await newIdentity(server)];
    mallory = await newIdentity(server);
    bystanders = await Bystanders.start(server.url, ann, bob);
  });
  after(async () => {
    await bystanders.goOn();
    await bystanders.leave();
    await attacked.close();
  });

  it('a frame over the limit ends its connection, before and after authentication', async () => {
    const stranger = await RawSocket.challenged(server.url);
    stranger.ws.send(`420["room.join",{"id":"aaaaaaaa","data":"${'x'.repeat(MESSAGE_BYTES)}"}]`);
    await stranger.closed;
    assert.match(stranger.received.join('\n'), /PAYLOAD_TOO_LARGE/);
    const client = await ProtocolClient.enter(server.url, mallory);
    client.write(`20["room.join",{"id":"aaaaaaaa","data":"${'x'.repeat(MESSAGE_BYTES)}"}]`);
    await client.ended();
    await bystanders.goOn();
  });

  it('a frame that arrives in endless fragments does too', async () => {
    const stranger = await RawSocket.challenged(server.url);
    for (let n = 0; n < 40; n += 1) {
      stranger.ws.send('x'.repeat(8192), { fin: false });
    }
    await stranger.closed;
    assert.match(stranger.received.join('\n'), /PAYLOAD_TOO_LARGE/);
    await bystanders.goOn();
  });

  it('JSON nested 100,000 levels deep is refused like any malformed message', async () => {
    const client = await ProtocolClient.enter(server.url, mallory);
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const deepObject = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    for (const data of [deep, deepObject, `{"roomId":${deep}}`, `{"roomId":"team","resume":${deepObject}}`]) {
      client.write(`2["room.join",{"id":"aaaaaaaa","data":${data}}]`);
    }
    client.write(`2["room.join",${deep}]`);
    assert.equal(await client.refusal('room.join', {}), 'BAD_REQUEST');
    client.close();
    await bystanders.goOn();
  });

  it('threat 27: __proto__ and the like pollute nothing', async () => {
    const client = await ProtocolClient.enter(server.url, mallory);
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      client.write(`2["room.join",{"id":"aaaaaaaa","data":{"${key}":{"roomId":"team"}}}]`);
      client.write(`2["room.join",{"${key}":{"id":"aaaaaaaa","data":{"roomId":"team"}}}]`);
    }
    assert.equal(await client.refusal('room.join', {}), 'BAD_REQUEST');
    assert.equal(await client.refusal('room.leave', {}), 'ROOM_NOT_JOINED');
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
      assert.equal(await client.refusal(name, {}), 'UNKNOWN_REQUEST', name);
    }
    client.close();
  });

  it('threat 27: unknown events are refused, and names reserved by socket.io end the connection', async () => {
    const client = await ProtocolClient.enter(server.url, mallory);
    for (const name of [
      'room.explode',
      'auth.challenge',
      'session.ended',
      'x'.repeat(100_000),
      '\u0000',
      '💥',
    ]) {
      assert.equal(await client.refusal(name, {}), 'UNKNOWN_REQUEST');
    }
    client.close();
    for (const name of ['connect', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
      const stranger = await RawSocket.challenged(server.url);
      stranger.ws.send(`42["${name}",{}]`);
      await stranger.closed;
    }
    await bystanders.goOn();
  });

  it('a request without data or acknowledgement, or with one in place of the other, is harmless', async () => {
    const client = await ProtocolClient.enter(server.url, mallory);
    for (const envelope of [
      undefined,
      null,
      1,
      'text',
      [],
      {},
      { id: 'short' },
      { id: 'x'.repeat(65) },
      { id: 5 },
    ]) {
      const answer = await client.socket.timeout(30_000).emitWithAck('room.join', envelope);
      assert.equal(answer.error?.code, 'BAD_REQUEST', JSON.stringify(envelope));
    }
    const bare = await new Promise<{ error?: { code: string } }>((resolve) =>
      client.socket.emit('room.join', resolve),
    );
    assert.equal(bare.error?.code, 'BAD_REQUEST');
    // Without an acknowledgement a request is executed but not answered.
    client.socket.emit('room.join', { id: 'aaaaaaaa', data: { roomId: 'quiet' } });
    client.socket.emit('room.join');
    client.socket.emit('room.join', { id: 'aaaaaaab', data: { roomId: 'quiet' } }, 'more', [], {});
    assert.equal(await client.refusal('room.join', { roomId: 'quiet' }), 'ROOM_ALREADY_JOINED');
    await eventually(
      'the join that nobody waited for is over',
      () => client.ask('room.leave', {}),
      ({ ok }) => ok,
    );
    client.close();
  });

  it('threats 27 and 63: binary data, which the protocol does not use, ends the connection before any is stored', async () => {
    for (const args of [
      [Buffer.alloc(1000)],
      [{ id: 'aaaaaaaa', data: { roomId: Buffer.from('team') } }],
      [{ id: Buffer.from('aaaaaaaa'), data: { roomId: 'team' } }],
    ]) {
      const client = await ProtocolClient.enter(server.url, mallory);
      client.socket.emit('room.join', ...args);
      assert.equal(await client.ended(), 'BAD_REQUEST');
    }
    const fatal: Array<Array<string | Uint8Array>> = [
      [Buffer.from('nobody asked')],
      ['451000-["room.join",{}]', ...Array(1000).fill(Buffer.alloc(1000))],
      // Announced but never sent, so that the server would wait for it.
      ['451-["room.join",{"_placeholder":true,"num":0}]'],
      ['451-["room.join",{"_placeholder":true,"num":7}]', Buffer.alloc(8)],
      ['451-["room.join",{"_placeholder":true,"num":0}]', '42["room.join",{}]'],
    ];
    for (const frames of fatal) {
      const stranger = await RawSocket.challenged(server.url);
      for (const frame of frames) {
        stranger.ws.send(frame);
      }
      await stranger.closed;
    }
    await bystanders.goOn();
  });

  it('messages that are not socket.io end the connection', async () => {
    const bad = [
      '',
      '9',
      '4',
      '49',
      '42',
      '42{',
      '42[',
      '42["a"',
      '42[]',
      '42{}',
      '45-[]',
      '451-',
      '2probe',
      '1',
      'b4AAAA',
    ];
    for (const packet of [...bad, '42[{}]', '40[]', '44"x"', '\u0000', '42/nowhere,["room.join",{}]']) {
      const stranger = await RawSocket.challenged(server.url);
      stranger.ws.send(packet);
      stranger.ws.send('42["connect"]');
      await stranger.closed;
    }
    await bystanders.goOn();
  });

  it('invalid WebSocket frames are refused: reserved bits (compression), unmasked frames, bad UTF-8', async () => {
    const frames = {
      compressed: [0xc1, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      unmasked: [0x81, 0x02, 0x34, 0x32],
      'of an unknown kind': [0x83, 0x80, 1, 2, 3, 4],
      'that is a ping of 126 bytes': [0x89, 0xfe, 0x00, 0x7e, 1, 2, 3, 4],
      'of 2^62 bytes': [0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
      'of bad UTF-8': [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe],
    };
    for (const bytes of Object.values(frames)) {
      const stranger = await RawSocket.challenged(server.url);
      stranger.tcp.write(Buffer.from(bytes));
      await stranger.closed;
    }
    await bystanders.goOn();
  });

  it('a connection has one session: entering the namespace again, even after leaving, ends it', async () => {
    const twice = await RawSocket.open(server.url);
    for (let n = 0; n < 100; n += 1) {
      twice.ws.send('40');
    }
    await twice.closed;
    const again = await RawSocket.challenged(server.url);
    again.ws.send('41');
    again.ws.send('40');
    await again.closed;
    const idle = await RawSocket.challenged(server.url);
    idle.ws.send('41');
    await idle.closed;
    await bystanders.goOn();
  });

  it('only WebSocket with the current protocol is accepted', async () => {
    for (const query of ['EIO=4&transport=polling', 'EIO=3&transport=polling', 'transport=jsonp', '']) {
      const answer = await fetch(`${server.url}/socket.io/?${query}`, { headers: { origin: server.url } });
      assert.equal(answer.status, 400, query);
    }
    for (const query of ['EIO=4&transport=polling', 'EIO=4&transport=websocket&sid=x', 'EIO=4']) {
      assert.equal((await RawSocket.refusal(server.url, { query })).status, 400, query);
    }
    const old = await RawSocket.open(server.url, { query: 'EIO=3&transport=websocket' });
    await old.closed;
  });

  it('a connection cannot be taken over or duplicated by naming its session, from any origin', async () => {
    const victim = await RawSocket.challenged(server.url);
    const { sid } = JSON.parse((await victim.next((packet) => packet.startsWith('0'))).slice(1)) as {
      sid: string;
    };
    for (const headers of [{ Origin: 'https://evil.example' }, { Origin: server.url }]) {
      const query = `EIO=4&transport=websocket&sid=${sid}`;
      assert.equal((await RawSocket.refusal(server.url, { headers, query })).status, 400);
    }
    victim.close();
  });

  it('REST bodies that are too large, too deep, polluting or of another type get a coded answer', async () => {
    const post = async (body: string | Uint8Array, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${server.url}/api/enrol`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: body as BodyInit,
      });
      const { error } = (await answer.json()) as { error: { code: string } };
      return `${answer.status} ${error.code}`;
    };
    assert.equal(await post(`"${'x'.repeat(70_000)}"`), '413 PAYLOAD_TOO_LARGE');
    for (const body of ['', '{', 'null', '[]', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":{}}}']) {
      assert.equal(await post(body), '400 BAD_REQUEST', body);
    }
    assert.equal(await post(`${'['.repeat(30_000)}${']'.repeat(30_000)}`), '400 BAD_REQUEST');
    assert.match(
      await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
      /^4.. BAD_REQUEST$/,
    );
    assert.equal(await post(Buffer.from('1f8b08', 'hex'), { 'content-encoding': 'gzip' }), '400 BAD_REQUEST');
  });
});
