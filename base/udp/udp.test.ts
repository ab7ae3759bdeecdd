import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { buildNativeNetwork, type Network, openNetwork } from './index.ts';

assert.ok(buildNativeNetwork().path, 'these tests need a C compiler');

const LOOPBACK = '127.0.0.1';

interface Arrival {
  text: string;
  source: { address: string; port: number };
  arrivalMs: number;
}

/** What a port of the network gets, in a list. */
async function bindInbox(network: Network, ip: string, port = 0) {
  const arrivals: Arrival[] = [];
  const udp = await network.bind(ip, port, (datagram, { address, port }, arrivalMs) =>
    arrivals.push({ text: Buffer.from(datagram).toString('latin1'), source: { address, port }, arrivalMs }),
  );
  const until = async (count: number) => {
    while (arrivals.length < count) {
      network.receive();
      await sleep(1);
    }
  };
  return { udp, arrivals, until };
}

function threadNames(): string[] {
  return readdirSync('/proc/self/task').map((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
    } catch {
      return '';
    }
  });
}

function openSockets(): number {
  return readdirSync('/proc/self/fd').length;
}

for (const prefer of ['native', 'portable'] as const) {
  describe(`UDP of a media thread (${prefer})`, () => {
    let network: Network;
    let peer: Socket;
    let peerPort: number;

    before(async () => {
      network = openNetwork({ prefer });
      assert.equal(network.capabilities.implementation, prefer);
      peer = createSocket('udp4').bind(0, LOOPBACK);
      await once(peer, 'listening');
      peerPort = peer.address().port;
    });
    after(() => {
      network.close();
      peer.close();
    });

    test('packets arrive complete and in order, with source and time', async () => {
      const { udp, arrivals, until } = await bindInbox(network, LOOPBACK);
      const other = createSocket('udp4').bind(0, LOOPBACK);
      await once(other, 'listening');
      const beganMs = performance.now();
      for (const text of ['a', 'bc', 'x'.repeat(1_400)]) {
        peer.send(text, udp.port, LOOPBACK);
      }
      await until(3);
      other.send('other', udp.port, LOOPBACK);
      await until(4);
      peer.send('again', udp.port, LOOPBACK);
      await until(5);
      assert.deepEqual(
        arrivals.map(({ text }) => text),
        ['a', 'bc', 'x'.repeat(1_400), 'other', 'again'],
      );
      const from = { address: LOOPBACK, port: peerPort };
      const fromOther = { address: LOOPBACK, port: other.address().port };
      assert.deepEqual(
        arrivals.map(({ source }) => source),
        [from, from, from, fromOther, from],
      );
      for (const { arrivalMs } of arrivals) {
        assert.ok(arrivalMs > beganMs - 5 && arrivalMs <= performance.now(), `${arrivalMs} from ${beganMs}`);
      }
      other.close();
      udp.close();
    });

    test('an IPv6 port sends to IPv6 and IPv4, and reports IPv4 addresses as such', async () => {
      const { udp, arrivals, until } = await bindInbox(network, '::');
      const six = createSocket('udp6').bind(0, '::1');
      await once(six, 'listening');
      for (const [socket, address] of [
        [peer, LOOPBACK],
        [six, '::1'],
      ] as const) {
        const { port } = socket.address();
        const echoed = once(socket, 'message');
        udp.send(Buffer.from('to you'), { address, port });
        network.flush(performance.now());
        const [datagram, source] = (await echoed) as [Buffer, RemoteInfo];
        assert.deepEqual([datagram.toString(), source.port], ['to you', udp.port]);
        const before = arrivals.length;
        socket.send('to me', udp.port, address);
        await until(before + 1);
        assert.deepEqual(arrivals.at(-1)?.source, { address, port });
      }
      six.close();
      udp.close();
    });

    test('a port in use is refused; a closed one is free at once, and its last packets arrive', async () => {
      const { udp } = await bindInbox(network, LOOPBACK);
      await assert.rejects(
        network.bind(LOOPBACK, udp.port, () => undefined),
        /in ?use/i,
      );
      const heard: string[] = [];
      const all = new Promise<void>((resolve) => {
        peer.on('message', (datagram: Buffer) => {
          if (heard.push(datagram.toString()) === 3) {
            resolve();
          }
        });
      });
      const target = { address: LOOPBACK, port: peerPort };
      udp.send(Buffer.from('late'), target);
      network.flush(performance.now() + 900);
      udp.send(Buffer.from('later'), target);
      network.flush(performance.now() + 950);
      udp.send(Buffer.from('bye'), target);
      udp.close();
      udp.close();
      udp.send(Buffer.from('after its end'), target);
      await all;
      peer.removeAllListeners('message');
      assert.deepEqual(heard.sort(), ['bye', 'late', 'later']);
      if (prefer === 'native') {
        (await network.bind(LOOPBACK, udp.port, () => undefined)).close();
      }
    });

    test('threat 68: packets that cannot be sent are dropped without side effects', async () => {
      const { udp } = await bindInbox(network, LOOPBACK);
      udp.send(Buffer.from('x'), { address: '::1', port: peerPort });
      for (const port of [0, -1, 65_536, 70_000, Number.NaN]) {
        udp.send(Buffer.from('x'), { address: LOOPBACK, port });
      }
      udp.send(Buffer.from('x'), { address: 'no address', port: peerPort });
      udp.send(Buffer.alloc(60_000), { address: LOOPBACK, port: peerPort });
      const heard = once(peer, 'message');
      udp.send(Buffer.from('fine'), { address: LOOPBACK, port: peerPort });
      network.flush(performance.now());
      const [datagram] = (await heard) as [Buffer];
      assert.ok(datagram.length === 60_000 || datagram.toString() === 'fine');
      udp.close();
    });
  });
}

describe('the native UDP of a media thread', () => {
  test('packets leave on time, the earliest first, while JavaScript is busy', async () => {
    const network = openNetwork();
    const receiver = openNetwork();
    const { udp } = await bindInbox(network, LOOPBACK);
    const inbox = await bindInbox(receiver, LOOPBACK);
    const target = { address: LOOPBACK, port: inbox.udp.port };
    const beganMs = performance.now();
    for (const aheadMs of [60, 20, 40]) {
      udp.send(Buffer.from(`${aheadMs}`), target);
      network.flush(beganMs + aheadMs);
    }
    while (performance.now() < beganMs + 100) {}
    await inbox.until(3);
    assert.deepEqual(
      inbox.arrivals.map(({ text }) => text),
      ['20', '40', '60'],
    );
    for (const { text, arrivalMs } of inbox.arrivals) {
      const lateMs = arrivalMs - beganMs - Number(text);
      assert.ok(lateMs > -1 && lateMs < 50, `${lateMs} ms late`);
    }
    network.close();
    receiver.close();
  });

  test('a flood on one port does not starve the others', async () => {
    const network = openNetwork();
    const flooded = await bindInbox(network, LOOPBACK);
    const quiet = await bindInbox(network, LOOPBACK);
    const sender = openNetwork();
    const { udp } = await bindInbox(sender, LOOPBACK);
    for (let i = 0; i < 150; i++) {
      udp.send(Buffer.from('flood'), { address: LOOPBACK, port: flooded.udp.port });
    }
    udp.send(Buffer.from('quiet'), { address: LOOPBACK, port: quiet.udp.port });
    sender.flush(performance.now());
    udp.close();
    network.receive();
    assert.equal(quiet.arrivals.length, 1);
    assert.ok(flooded.arrivals.length >= 1 && flooded.arrivals.length < 150);
    await flooded.until(150);
    network.close();
    sender.close();
  });

  test('a datagram that is too long for media is counted and dropped', async () => {
    const network = openNetwork();
    const { udp, arrivals, until } = await bindInbox(network, LOOPBACK);
    const peer = createSocket('udp4').bind(0, LOOPBACK);
    await once(peer, 'listening');
    peer.send(Buffer.alloc(9_000), udp.port, LOOPBACK);
    peer.send('short', udp.port, LOOPBACK);
    await until(1);
    assert.equal(arrivals[0]?.text, 'short');
    assert.equal(network.stats().oversized, 1);
    peer.close();
    network.close();
  });

  test('closing a network, or terminating its thread, leaves no native thread or socket, and frees the port', async () => {
    const sockets = openSockets();
    const network = openNetwork();
    await Promise.all(Array.from({ length: 100 }, () => network.bind(LOOPBACK, 0, () => undefined)));
    assert.ok(threadNames().includes('canopy-udp'));
    network.close();
    network.close();
    assert.ok(!threadNames().includes('canopy-udp'));
    assert.ok(openSockets() <= sockets);

    const program = `
      const { parentPort } = await import('node:worker_threads');
      const { openNetwork } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
      const network = openNetwork();
      const udp = await network.bind('127.0.0.1', 0, () => undefined);
      for (let i = 0; i < 1000; i++) {
        udp.send(Buffer.alloc(200), { address: '127.0.0.1', port: 9 });
        network.flush(performance.now() + (i % 900));
      }
      parentPort.postMessage(udp.port);
      for (;;) network.receive();
    `;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
    const [port] = (await once(worker, 'message')) as [number];
    await worker.terminate();
    assert.ok(!threadNames().includes('canopy-udp'));
    const successor = openNetwork();
    await successor.bind(LOOPBACK, port, () => undefined);
    successor.close();
  });
});
