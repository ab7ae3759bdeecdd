import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes, randomInt, X509Certificate } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Endpoint } from '../rtp/index.ts';
import { Srtp } from '../srtp/index.ts';
import { buildNativeDtls, Dtls, type DtlsAssociationOptions, DtlsSession } from './index.ts';

assert.ok(buildNativeDtls().path !== null, 'these tests need a C compiler and libssl-dev');

const run = promisify(execFile);
const dtls = Dtls.load();
const srtp = Srtp.load();
const own = Buffer.from((dtls.fingerprint ?? '').slice('sha-256 '.length).replaceAll(':', ''), 'hex');
const SUITES = ['AEAD_AES_256_GCM', 'AES_CM_128_HMAC_SHA1_80'];
const PEER = { address: '127.0.0.1', port: 9 };

describe('DTLS-SRTP', () => {
  const opened: number[] = [];
  const open = (options: Partial<DtlsAssociationOptions> = {}) => {
    const association = dtls.open({
      active: false,
      hash: 'sha-256',
      digests: [own],
      suites: SUITES,
      ...options,
    });
    opened.push(association);
    return association;
  };
  afterEach(() => {
    for (const association of opened.splice(0)) {
      for (const context of dtls.close(association)) {
        srtp.close(context);
      }
    }
  });

  /** Exchanges datagrams until neither side has any left. `loses`: whether the network loses a datagram. */
  function exchange(client: number, server: number, loses: () => boolean = () => false) {
    let states = { client: dtls.receive(client), server: dtls.receive(server) };
    for (let idle = false; !idle; ) {
      idle = true;
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        for (const datagram of dtls.sending(from)) {
          idle = false;
          if (!loses()) {
            const state = dtls.receive(to, datagram);
            states = to === client ? { ...states, client: state } : { ...states, server: state };
          }
        }
      }
    }
    return states;
  }

  it('both sides have the same keys, for each suite that both have', () => {
    for (const suite of [
      'AEAD_AES_256_GCM',
      'AEAD_AES_128_GCM',
      'AES_CM_128_HMAC_SHA1_80',
      'AES_CM_128_HMAC_SHA1_32',
    ]) {
      const [client, server] = [open({ active: true, suites: [suite] }), open({ suites: srtp.suites })];
      assert.equal(dtls.keys(client), undefined);
      assert.deepEqual(exchange(client, server), { client: 'connected', server: 'connected' });
      const keys = dtls.keys(client);
      assert.equal(keys?.suite, suite);
      assert.deepEqual(dtls.keys(server), keys);
      assert.notDeepEqual(keys?.client, keys?.server);
      for (const context of [
        srtp.open({ sending: true, suite, key: keys?.client ?? own }),
        srtp.open({ sending: false, suite, key: keys?.server ?? own }),
      ]) {
        srtp.close(context);
      }
    }
    const [client, server] = [
      open({ active: true, suites: SUITES.slice(0, 1) }),
      open({ suites: SUITES.slice(1) }),
    ];
    assert.notEqual(exchange(client, server).server, 'connected');
  });

  it('lost flights are repeated', async () => {
    const [client, server] = [open({ active: true }), open()];
    let lost = 0;
    assert.equal(exchange(client, server, () => lost++ === 0).client, 'handshake');
    await until(() => exchange(client, server, () => lost++ === 2).client === 'connected');
  });

  it('threat 21: a certificate that the SDP does not name ends the handshake, on either side', () => {
    const wrong = [randomBytes(32)];
    for (const [name, client, server] of [
      ['server', { digests: [own] }, { digests: wrong }],
      ['client', { digests: wrong }, { digests: [own] }],
    ] as const) {
      const sides = { client: open({ active: true, ...client }), server: open(server) };
      const states = exchange(sides.client, sides.server);
      assert.equal(states[name], 'failed');
      assert.match(dtls.failure(sides[name]), /not the one that the SDP names/);
      assert.deepEqual([dtls.keys(sides[name]), dtls.contexts(sides[name])], [undefined, undefined]);
    }
    const [client, server] = [open({ active: true, digests: [wrong[0] as Buffer, own] }), open()];
    assert.equal(exchange(client, server).client, 'connected');
  });

  it('a ClientHello gets no more than a short request for its cookie, and our certificate only with the right one', () => {
    const [client, server, other] = [open({ active: true }), open(), open()];
    dtls.receive(client);
    const [hello = assert.fail()] = [...dtls.sending(client)];
    for (let round = 0; round < 3; round++) {
      dtls.receive(server, hello);
      const sent = [...dtls.sending(server)];
      assert.ok(sent.reduce((sum, { length }) => sum + length, 0) < hello.length, 'it is not amplified');
    }
    // The cookie of another association.
    dtls.receive(other, hello);
    for (const datagram of dtls.sending(other)) {
      dtls.receive(client, datagram);
    }
    for (const datagram of dtls.sending(client)) {
      dtls.receive(server, datagram);
      dtls.receive(other, datagram);
    }
    assert.ok([...dtls.sending(server)].every(({ length }) => length < 100));
    assert.deepEqual(exchange(client, other), { client: 'connected', server: 'connected' });
  });

  it('threat 37: random datagrams and changed ones crash nothing, and do not keep the peer from connecting', () => {
    const [client, server] = [open({ active: true }), open()];
    const forged = open();
    dtls.receive(client);
    const [hello = assert.fail()] = [...dtls.sending(client)];
    for (let round = 0; round < 2_000; round++) {
      const random = randomBytes(randomInt(1, 200));
      random[0] = 20 + (round % 44);
      dtls.receive(server, random);
      const changed = Buffer.from(hello);
      changed[randomInt(changed.length)] = randomInt(256);
      dtls.receive(forged, changed);
      [...dtls.sending(forged)].forEach(() => {});
    }
    // A ClientHello that cannot be read, as anyone may send it.
    const unreadable = Buffer.from(hello);
    unreadable.fill(0xff, 60);
    dtls.receive(server, unreadable);
    [...dtls.sending(server)].forEach(() => {});
    assert.equal(dtls.receive(server, hello), 'handshake');
    for (const datagram of dtls.sending(server)) {
      dtls.receive(client, datagram);
    }
    assert.deepEqual(exchange(client, server), { client: 'connected', server: 'connected' });
    for (let round = 0; round < 2_000; round++) {
      dtls.receive(server, randomBytes(randomInt(1, 200)));
    }
    assert.equal(dtls.receive(server), 'connected');
  });

  it('wrong options are refused, and closed associations do nothing', () => {
    for (const wrong of [
      { digests: [] },
      { digests: [own.subarray(1)] },
      { digests: Array(9).fill(own) },
      { hash: 'sha-384' as const },
      { suites: [] },
      { suites: ['AES_256_CM_HMAC_SHA1_80'] },
    ]) {
      assert.throws(() => open(wrong), RangeError);
    }
    const association = open();
    assert.deepEqual(dtls.close(association), []);
    assert.deepEqual(dtls.close(association), []);
    assert.equal(dtls.receive(association, own), 'failed');
    assert.deepEqual([...dtls.sending(association)], []);
    assert.equal(dtls.attach(association, { send: 1, receive: 2 }), false);
    assert.equal(dtls.contexts(association), undefined);
  });

  it('without the add-on there is no fingerprint, but a reason', () => {
    for (const options of [{ prefer: 'portable' as const }, { path: '/nowhere/canopy-dtls.node' }]) {
      const none = Dtls.load(options);
      assert.equal(none.fingerprint, undefined);
      assert.ok(none.reason);
      assert.throws(() => none.receive(1), RangeError);
    }
  });

  it('threat 39: a session in another thread continues with the contexts of the first one', () => {
    const [client, server] = [open({ active: true }), open()];
    const session = (association: number, active: boolean, to: () => DtlsSession) =>
      new DtlsSession({
        dtls,
        srtp,
        association,
        active,
        send: (datagram) => to().receive(datagram, PEER),
        onConnected: (peer) => connected.push(peer),
        onFailed: assert.fail,
      });
    const connected: Endpoint[] = [];
    const ours: DtlsSession = session(client, true, () => phone);
    const phone: DtlsSession = session(server, false, () => ours);
    ours.tick(0, PEER);
    assert.equal(connected.length, 2);
    const packet = Buffer.alloc(172, 1);
    packet[0] = 0x80;
    const sent = srtp.protect(ours.contexts?.send ?? 0, packet, false) ?? assert.fail();
    const successor = session(server, false, () => ours);
    assert.deepEqual(successor.contexts, phone.contexts);
    assert.equal(typeof srtp.unprotect(successor.contexts?.receive ?? 0, Buffer.from(sent), false), 'object');
    assert.equal(srtp.unprotect(successor.contexts?.receive ?? 0, Buffer.from(sent), false), 'replayed');
  });

  describe('with openssl as the peer', () => {
    let folder: string;
    let certificate: string[];
    let digest: Buffer;
    let socket: Socket;
    let peer: ChildProcess | undefined;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'canopy-dtls-'));
      const [key, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
      await run('openssl', ['req', '-x509', ...ec, '-subj', '/CN=phone', '-days', '1', '-out', file]);
      certificate = ['-cert', file, '-key', key];
      digest = createHash('sha384')
        .update(new X509Certificate(await readFile(file)).raw)
        .digest();
      socket = createSocket('udp4').bind(0, '127.0.0.1');
      await once(socket, 'listening');
    });
    afterEach(() => peer?.kill());
    after(async () => {
      socket.close();
      await rm(folder, { recursive: true, force: true });
    });

    for (const active of [true, false]) {
      it(`the exported keys are those of openssl as ${active ? 'server' : 'client'}`, async () => {
        const association = open({ active, hash: 'sha-384', digests: [digest] });
        const free = createSocket('udp4').bind(0, '127.0.0.1');
        await once(free, 'listening');
        const { port } = free.address();
        free.close();
        await once(free, 'close');
        const common = ['-dtls1_2', '-use_srtp', 'SRTP_AEAD_AES_256_GCM', ...certificate];
        const exported = ['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', '88'];
        peer = spawn(
          'openssl',
          active
            ? ['s_server', '-accept', `127.0.0.1:${port}`, '-Verify', '1', ...common, ...exported]
            : ['s_client', '-connect', `127.0.0.1:${socket.address().port}`, ...common, ...exported],
        );
        let output = '';
        peer.stdout?.on('data', (chunk) => {
          output += chunk;
        });
        if (active) {
          await until(() => output.includes('ACCEPT'));
        }
        const flush = (target: number) => {
          for (const datagram of dtls.sending(association)) {
            socket.send(datagram, target, '127.0.0.1');
          }
        };
        socket.on('message', (datagram, { port: from }) => {
          dtls.receive(association, datagram);
          flush(from);
        });
        dtls.receive(association);
        flush(port);
        await until(() => /Keying material: [0-9A-F]{176}/.test(output));
        socket.removeAllListeners('message');
        const { suite, client, server } = dtls.keys(association) ?? assert.fail();
        assert.equal(suite, 'AEAD_AES_256_GCM');
        const ordered = [
          client.subarray(0, 32),
          server.subarray(0, 32),
          client.subarray(32),
          server.subarray(32),
        ];
        assert.equal(
          Buffer.concat(ordered).toString('hex').toUpperCase(),
          /Keying material: ([0-9A-F]+)/.exec(output)?.[1],
        );
      });
    }
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
