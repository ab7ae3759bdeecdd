import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type LinkProfile, TcpRelay, UdpRelay } from './index.ts';

const CLIENT = '127.0.0.1';
const ANNOUNCED = '127.0.0.2';

async function udpSocket(t: TestContext, address: string): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  socket.bind(0, address);
  await once(socket, 'listening');
  t.after(() => socket.close());
  return socket;
}

/** A server on one loopback address and a relay on the same port of another, as in use. */
async function relayed(t: TestContext, profiles: { up?: LinkProfile; down?: LinkProfile; seed?: number }) {
  const server = await udpSocket(t, CLIENT);
  const { port } = server.address();
  const relay = await UdpRelay.create({
    listen: { address: ANNOUNCED, port },
    upstream: { address: CLIENT, port },
    ...(profiles.up && { up: [{ atMs: 0, profile: profiles.up }] }),
    ...(profiles.down && { down: [{ atMs: 0, profile: profiles.down }] }),
    seed: profiles.seed ?? 1,
  });
  t.after(() => relay.close());
  const client = await udpSocket(t, CLIENT);
  const send = (data: Buffer) => client.send(data, port, ANNOUNCED);
  return { server, client, relay, send };
}

/** Sends `count` numbered, timed packets at an even pace and gives back when each arrived at the server. */
async function measure(
  net: Awaited<ReturnType<typeof relayed>>,
  options: { count: number; everyMs: number; sizeBytes: number },
) {
  const arrivals: Array<{ index: number; delayMs: number; atMs: number }> = [];
  const onMessage = (data: Buffer) => {
    const atMs = performance.now();
    arrivals.push({ index: data.readUInt32BE(0), delayMs: atMs - data.readDoubleBE(4), atMs });
  };
  net.server.on('message', onMessage);
  const startMs = performance.now();
  for (let index = 0; index < options.count; ) {
    const due = Math.min(options.count, Math.floor((performance.now() - startMs) / options.everyMs) + 1);
    for (; index < due; index++) {
      const data = Buffer.alloc(options.sizeBytes);
      data.writeUInt32BE(index, 0);
      data.writeDoubleBE(performance.now(), 4);
      net.send(data);
    }
    await delay(1);
  }
  // Until everything has come through that was not lost: the links know how much that is.
  const deadlineMs = performance.now() + 10_000;
  const isSettled = () => {
    const up = net.relay.counters[0]?.up;
    return up?.offeredPackets === options.count && arrivals.length >= up.deliveredPackets;
  };
  while (!isSettled() && performance.now() < deadlineMs) {
    await delay(10);
  }
  net.server.off('message', onMessage);
  return arrivals;
}

test('a relay without a profile passes everything, both ways, bytes unchanged', async (t) => {
  const net = await relayed(t, {});
  net.server.on('message', (data, from) => net.server.send(data, from.port, from.address));
  const answers: string[] = [];
  for (let index = 0; index < 50; index++) {
    net.send(Buffer.from(`packet ${index}`));
    const [data] = await once(net.client, 'message');
    answers.push(String(data));
  }
  assert.deepEqual(
    answers,
    Array.from({ length: 50 }, (_, index) => `packet ${index}`),
  );
});

test('answers come from the address that the client sent to', async (t) => {
  const net = await relayed(t, {});
  net.server.on('message', (data, from) => net.server.send(data, from.port, from.address));
  net.send(Buffer.from('x'));
  const [, from] = await once(net.client, 'message');
  assert.deepEqual([from.address, from.port], [ANNOUNCED, net.relay.address.port]);
});

test('measured loss over real sockets is what the links counted, and within the promise', async (t) => {
  const net = await relayed(t, { up: { loss: { kind: 'random', share: 0.1 } }, seed: 3 });
  const arrivals = await measure(net, { count: 4000, everyMs: 0.1, sizeBytes: 100 });
  const up = net.relay.counters[0]?.up;
  assert.equal(up?.offeredPackets, 4000);
  assert.equal(arrivals.length, up?.deliveredPackets);
  // The seed fixes which packets are lost: binomial, standard deviation 19.
  assert.ok(Math.abs(4000 - arrivals.length - 400) < 95, `${4000 - arrivals.length} lost`);
});

test('measured delay over real sockets is never under the promise, and its median near it', async (t) => {
  const net = await relayed(t, { up: { delayMs: 40, jitterMs: 20 } });
  const arrivals = await measure(net, { count: 400, everyMs: 2, sizeBytes: 100 });
  assert.equal(arrivals.length, 400);
  const delays = arrivals.map(({ delayMs }) => delayMs).sort((a, b) => a - b);
  assert.ok((delays[0] as number) >= 39, `least ${delays[0]} ms`);
  // Order is kept, so packets 2 ms apart wait for slower ones before them: the median lies above 50, below 60;
  // the rest is room for a busy machine.
  const medianMs = delays[200] as number;
  assert.ok(medianMs > 48 && medianMs < 90, `median ${medianMs} ms`);
  assert.deepEqual(
    arrivals.map(({ index }) => index),
    Array.from({ length: 400 }, (_, index) => index),
  );
});

test('measured rate over real sockets is not over the promise, and comes near it', async (t) => {
  // 4 Mbit/s offered to 2 Mbit/s with room for all: 500,000 bytes take 2 s.
  const net = await relayed(t, { up: { rateBps: 2_000_000 } });
  const arrivals = await measure(net, { count: 500, everyMs: 2, sizeBytes: 1000 });
  assert.equal(arrivals.length, 500);
  const elapsedMs = (arrivals.at(-1)?.atMs ?? 0) - (arrivals[0]?.atMs ?? 0);
  const rateBps = (499 * 1000 * 8) / (elapsedMs / 1000);
  const share = rateBps / 2_000_000;
  assert.ok(share < 1.02 && share > 0.85, `${Math.round(rateBps)} bit/s`);
});

test('both directions are shaped separately', async (t) => {
  const net = await relayed(t, { down: { loss: { kind: 'random', share: 1 } } });
  net.client.on('message', () => assert.fail('nothing may come back'));
  net.server.on('message', (data, from) => net.server.send(data, from.port, from.address));
  const arrivals = await measure(net, { count: 20, everyMs: 1, sizeBytes: 100 });
  assert.equal(arrivals.length, 20);
  assert.equal(net.relay.counters[0]?.down.lostPackets, 20);
});

test('every client has a port of its own towards the server, and a new one after a rebinding', async (t) => {
  const net = await relayed(t, {});
  const other = await udpSocket(t, CLIENT);
  const portOf = async (socket: dgram.Socket) => {
    socket.send('x', net.relay.address.port, ANNOUNCED);
    const [, from] = await once(net.server, 'message');
    return from.port as number;
  };
  const first = await portOf(net.client);
  const second = await portOf(other);
  assert.notEqual(first, second);
  assert.equal(await portOf(net.client), first);
  net.relay.rebind();
  assert.ok(![first, second].includes(await portOf(net.client)));
  assert.equal(net.relay.counters.length, 2);
});

test('strangers cannot answer in the server’s name', async (t) => {
  const net = await relayed(t, {});
  net.client.on('message', () => assert.fail('the stranger’s packet came through'));
  net.send(Buffer.from('x'));
  const [, from] = await once(net.server, 'message');
  const stranger = await udpSocket(t, CLIENT);
  stranger.send('bad', from.port, from.address);
  await delay(50);
});

test('a TCP relay carries a stream in order, later by its delay, and ends with it', async (t) => {
  const server = net.createServer((socket) => socket.pipe(socket));
  server.listen(0, CLIENT);
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const shape = [{ atMs: 0, profile: { delayMs: 20 } }];
  const relay = await TcpRelay.create({
    listen: { address: ANNOUNCED, port },
    upstream: { address: CLIENT, port },
    up: shape,
    down: shape,
  });
  t.after(() => relay.close());
  const socket = net.connect(port, ANNOUNCED);
  const startMs = performance.now();
  const sent = Buffer.alloc(3_000_000, 'canopy ');
  socket.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk);
  }
  assert.ok(Buffer.concat(chunks).equals(sent));
  assert.ok(performance.now() - startMs >= 39);
});

test('a connection through a TCP relay opens after a round trip, if that is wanted, and is observed', async (t) => {
  const server = net.createServer((socket) => socket.pipe(socket));
  server.listen(0, CLIENT);
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const shape = [{ atMs: 0, profile: { delayMs: 20 } }];
  const seen: string[] = [];
  const relay = await TcpRelay.create({
    listen: { address: ANNOUNCED, port },
    upstream: { address: CLIENT, port },
    up: shape,
    down: shape,
    openingMs: 40,
    observe: (from, data) => seen.push(`${from}: ${data}`),
  });
  t.after(() => relay.close());
  const socket = net.connect(port, ANNOUNCED);
  t.after(() => socket.destroy());
  const startMs = performance.now();
  socket.write('hello');
  assert.equal(String((await once(socket, 'data'))[0]), 'hello');
  assert.ok(performance.now() - startMs >= 79);
  assert.deepEqual(seen, ['client: ', 'server: ', 'client: hello', 'server: hello']);
});

test('a TCP relay refuses a profile that a stream cannot show', async () => {
  const lossy = [{ atMs: 0, profile: { loss: { kind: 'random' as const, share: 0.1 } } }];
  const at = { address: CLIENT, port: 0 };
  await assert.rejects(TcpRelay.create({ listen: at, upstream: at, up: lossy }), TypeError);
});
