import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type DatagramHandler, type Network, openNetwork } from '../../base/udp/index.ts';
import { bindingRequest, parseAnswer } from '../../test/support/stun.ts';
import { Dtls, DtlsSession } from './dtls/index.ts';
import type { IceParameters } from './ice/index.ts';
import { LegTransport, type RtpSink, type TransportOptions } from './leg-transport.ts';
import type { LegMedia } from './leg-types.ts';
import { MediaLog, type MediaLogLine } from './media-log.ts';
import { demultiplex, type Endpoint, SendStream } from './rtp/index.ts';
import { Srtp } from './srtp/index.ts';

/** Where SDP says the phone is: an address inside its NAT. */
const PRIVATE = { address: '127.0.0.9', port: 40_000 };
const OUTSIDE = '127.0.0.2';
const GATEWAY = '127.0.0.1';

const sink: RtpSink = { knows: (type) => type === 0, continues: () => false, receive: () => undefined };

describe('LegTransport', () => {
  let network: Network;
  const open: Array<{ close(): void }> = [];

  before(() => {
    network = openNetwork({ prefer: 'portable' });
  });
  after(() => {
    for (const one of open) {
      one.close();
    }
    network.close();
  });

  async function openTransport(options: Partial<TransportOptions>): Promise<LegTransport> {
    const transport = await LegTransport.open({
      network,
      srtp: Srtp.load(),
      dtls: Dtls.load(),
      onSource: () => {},
      onNominated: () => {},
      onInsecure: () => {},
      ip: GATEWAY,
      ports: { min: 0, max: 0 },
      sink,
      log: MediaLog.create(() => {}, undefined),
      ...options,
    });
    open.push(transport);
    return transport;
  }

  async function start(media: Partial<LegMedia>, level?: string) {
    const lines: MediaLogLine[] = [];
    const sources: Endpoint[] = [];
    const insecure: string[] = [];
    let learnt = () => {};
    const transport = await openTransport({
      onInsecure: (reason) => insecure.push(reason),
      onSource: (source) => {
        sources.push(source);
        learnt();
      },
      log: MediaLog.create((line) => lines.push(line), level),
    });
    const nowMs = performance.now();
    transport.start({ codec: 'PCMU', payloadType: 0, remote: PRIVATE, ...media }, nowMs);
    transport.reportAs(7, nowMs);
    const stream = new SendStream({ ssrc: 7, payloadType: 0, firstSequenceNumber: 1, firstTimestamp: 1 });
    const report = () => transport.report([], stream, performance.now());
    const heard = async (socket: Socket, packet = rtp()) => {
      const before = sources.length;
      const learning = new Promise<void>((resolve) => {
        learnt = resolve;
      });
      socket.send(packet, transport.port, GATEWAY);
      if (sources.length === before) {
        await learning;
      }
    };
    return { transport, lines, report, heard, insecure };
  }

  async function bind(port = 0): Promise<Socket> {
    const socket = createSocket('udp4').bind(port, OUTSIDE);
    open.push(socket);
    await once(socket, 'listening');
    return socket;
  }

  /** A NAT's ports for RTP and for the one after it. */
  async function bindPair(): Promise<[Socket, Socket]> {
    for (;;) {
      const rtpSocket = await bind();
      try {
        return [rtpSocket, await bind(rtpSocket.address().port + 1)];
      } catch {
        // Taken: try another pair.
      }
    }
  }

  function rtp(): Buffer {
    const bytes = Buffer.alloc(172, 0xff);
    bytes.writeUInt16BE(0x8000, 0);
    return bytes;
  }

  const emptyReport = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 5]);
  const isReport = ([datagram]: unknown[]) => (datagram as Buffer)[1] === 201;

  test('RTCP to a phone behind a NAT goes to the port after RTP’s, then to the source of the phone’s RTCP', async () => {
    const [rtpSocket, nextSocket] = await bindPair();
    const rtcpSocket = await bind();
    // The SDP names an RTCP address that is inside the NAT too.
    const remoteRtcp = { ...PRIVATE, port: 40_001 };
    const { transport, report, heard } = await start({ signallingAddress: OUTSIDE, remoteRtcp });
    await heard(rtpSocket);
    const first = once(nextSocket, 'message');
    report();
    assert.ok(isReport(await first));
    rtcpSocket.send(emptyReport, transport.port + 1, GATEWAY);
    while (transport.lastRtcpMs === undefined) {
      await new Promise(setImmediate);
    }
    const second = once(rtcpSocket, 'message');
    report();
    assert.ok(isReport(await second));
  });

  test('RTCP goes to the source of RTP with rtcp-mux, and to the SDP’s address if media comes from there', async () => {
    const rtpSocket = await bind();
    const muxed = await start({ signallingAddress: OUTSIDE, rtcpMux: true });
    await muxed.heard(rtpSocket);
    const shared = once(rtpSocket, 'message');
    muxed.report();
    assert.ok(isReport(await shared));

    const rtcpSocket = await bind();
    const remote = { address: OUTSIDE, port: rtpSocket.address().port };
    const remoteRtcp = { address: OUTSIDE, port: rtcpSocket.address().port };
    const plain = await start({ remote, remoteRtcp });
    await plain.heard(rtpSocket);
    const named = once(rtcpSocket, 'message');
    plain.report();
    assert.ok(isReport(await named));
  });

  test('threat 21: RTCP from elsewhere is refused, logged at debug, and redirects nothing', async () => {
    const [rtpSocket, nextSocket] = await bindPair();
    const { transport, lines, report, heard } = await start({ signallingAddress: OUTSIDE }, 'debug');
    await heard(rtpSocket);
    const stranger = createSocket('udp4').bind(0, '127.0.0.3');
    open.push(stranger);
    await once(stranger, 'listening');
    stranger.send(emptyReport, transport.port + 1, GATEWAY);
    while (transport.rejected === 0) {
      await new Promise(setImmediate);
    }
    const sent = once(nextSocket, 'message');
    report();
    assert.ok(isReport(await sent));
    assert.deepEqual(
      lines.map(({ level, text }) => [level, text]),
      [
        ['debug', 'media source learnt'],
        ['debug', 'RTCP from another source refused'],
      ],
    );
  });

  test('packets that the phone sends before its answer has been handled are heard, and those from elsewhere are not', async () => {
    const received: number[] = [];
    let arrived = 0;
    const counting: Network = Object.assign(Object.create(network), {
      bind: (ip: string, port: number, handle: DatagramHandler) =>
        network.bind(ip, port, (...datagram) => {
          handle(...datagram);
          arrived++;
        }),
    });
    const transport = await openTransport({
      network: counting,
      sink: { ...sink, receive: ({ sequenceNumber }) => received.push(sequenceNumber) },
    });
    const [phone, stranger] = [await bind(), createSocket('udp4').bind(0, '127.0.0.3')];
    open.push(stranger);
    await once(stranger, 'listening');
    for (const [n, socket] of [phone, stranger, phone, phone].entries()) {
      const packet = rtp();
      packet.writeUInt16BE(n, 2);
      socket.send(packet, transport.port, GATEWAY);
      // One after the other, in order.
      await until(() => arrived === n + 1);
    }
    assert.deepEqual(received, []);
    const remote = { address: OUTSIDE, port: phone.address().port };
    transport.start({ codec: 'PCMU', payloadType: 0, remote }, performance.now());
    assert.deepEqual(received, [0, 2, 3]);
    assert.equal(transport.rejected, 1);
  });

  describe('with ICE', () => {
    const ice: IceParameters = {
      usernameFragment: 'ours',
      password: 'a-password-of-ours-0123',
      remoteUsernameFragment: 'test',
      remotePassword: 'a-password-of-the-phone',
      controlling: false,
      candidates: [],
    };

    /** Checks from a socket until one is answered. */
    async function check(socket: Socket, port: number, nominates = true): Promise<void> {
      const answered = once(socket, 'message');
      socket.send(bindingRequest({ ...ice, nominates }), port, GATEWAY);
      const [answer] = (await answered) as [Buffer];
      assert.equal(parseAnswer(answer)?.class, 'success');
    }

    test('media goes to the address that the phone nominates, and comes from checked addresses only', async () => {
      const [first, second] = [await bind(), await bind()];
      const { transport, heard } = await start({ signallingAddress: '127.0.0.8', ice, rtcpMux: true });
      await check(first, transport.port);
      await heard(first);
      // The address in the SDP, which without ICE would be accepted.
      const { rejected } = transport;
      const stranger = createSocket('udp4').bind(PRIVATE.port, PRIVATE.address);
      open.push(stranger);
      await once(stranger, 'listening');
      stranger.send(rtp(), transport.port, GATEWAY);
      await until(() => transport.rejected === rejected + 1);
      await check(second, transport.port);
      const sent = once(second, 'message');
      transport.sendRtp(rtp());
      await sent;
    });

    test('threat 21: a flood of checks that are not authentic redirects nothing, also after a re-INVITE', async () => {
      const [phone, attacker] = [await bind(), await bind()];
      const media = { signallingAddress: OUTSIDE, ice, rtcpMux: true };
      const { transport } = await start(media);
      await check(phone, transport.port);
      const before = transport.malformed;
      for (let n = 0; n < 100; n++) {
        attacker.send(bindingRequest({ ...ice, password: 'wrong' }), transport.port, GATEWAY);
      }
      attacker.send(rtp(), transport.port, GATEWAY);
      await until(() => transport.malformed === before + 100 && transport.rejected === 1);
      const again = { codec: 'PCMU' as const, payloadType: 0, ...media };
      // The SDP names the nominated address now; then ICE restarts.
      const remote = { address: OUTSIDE, port: attacker.address().port };
      for (const parameters of [ice, { ...ice, usernameFragment: 'again' }]) {
        transport.start({ ...again, remote, ice: parameters }, performance.now());
        const sent = once(phone, 'message');
        transport.sendRtp(rtp());
        await sent;
      }
    });

    test('RTCP has its own component without rtcp-mux', async () => {
      const [rtpSocket, rtcpSocket] = [await bind(), await bind()];
      const { transport, report } = await start({ signallingAddress: OUTSIDE, ice });
      await check(rtpSocket, transport.port);
      await check(rtcpSocket, transport.port + 1);
      const sent = once(rtcpSocket, 'message');
      report();
      assert.ok(isReport(await sent));
      rtcpSocket.send(emptyReport, transport.port + 1, GATEWAY);
      await until(() => transport.lastRtcpMs !== undefined);
    });
  });

  describe('with DTLS', () => {
    const dtls = Dtls.load();
    const srtp = Srtp.load();
    const own = Buffer.from((dtls.fingerprint ?? '').slice('sha-256 '.length).replaceAll(':', ''), 'hex');
    let associations: number[];
    const associate = (active: boolean, digest = own) => {
      const suites = ['AES_CM_128_HMAC_SHA1_80'];
      const id = dtls.open({ active, hash: 'sha-256', digests: [digest], suites });
      associations.push(id);
      return id;
    };

    beforeEach(() => {
      associations = [];
    });
    afterEach(() => {
      for (const id of associations) {
        for (const context of dtls.close(id)) {
          srtp.close(context);
        }
      }
    });

    /** A phone's port. */
    function phone(socket: Socket, active: boolean, port: number) {
      const [association, other] = [associate(active), associate(!active)];
      const received: Buffer[] = [];
      const session = new DtlsSession({
        dtls,
        srtp,
        association,
        active,
        send: (datagram) => socket.send(datagram, port, GATEWAY),
        onConnected: () => {},
        onFailed: () => {},
      });
      socket.on('message', (datagram, source) => {
        if (demultiplex(datagram) === 'dtls') {
          session.receive(datagram, source);
        } else {
          received.push(datagram);
        }
      });
      return { session, association: other, received };
    }

    test('nothing passes before the handshake; then the source is known, and a new offer keeps the keys', async () => {
      const [socket, attacker] = [await bind(), createSocket('udp4').bind(0, '127.0.0.7')];
      open.push(attacker);
      await once(attacker, 'listening');
      const { transport } = await start({ signallingAddress: OUTSIDE });
      const { session, association, received } = phone(socket, true, transport.port);
      const media: LegMedia = {
        codec: 'PCMU',
        payloadType: 0,
        remote: PRIVATE,
        signallingAddress: OUTSIDE,
        rtcpMux: true,
        dtls: { active: false, associations: [association] },
      };
      transport.start(media, performance.now());
      socket.send(rtp(), transport.port, GATEWAY);
      await until(() => transport.unauthenticated === 1);
      transport.sendRtp(rtp());
      attacker.send(Buffer.from([22, 254, 253, 0]), transport.port, GATEWAY);
      await until(() => transport.rejected === 1);
      session.tick(0, { address: GATEWAY, port: transport.port });
      await until(() => session.contexts !== undefined);
      transport.sendRtp(rtp());
      await until(() => received.length === 1);
      const [packet = assert.fail()] = received;
      assert.equal(typeof srtp.unprotect(session.contexts?.receive ?? 0, packet, false), 'object');
      transport.start({ ...media, send: false }, performance.now());
      const next = rtp();
      next.writeUInt16BE(1, 2);
      transport.sendRtp(next);
      await until(() => received.length === 2);
    });

    test('we begin where the phone waits for it, on both ports without rtcp-mux', async () => {
      const [socket, rtcpSocket] = await bindPair();
      const { transport, report } = await start({});
      const [first, second] = [
        phone(socket, false, transport.port),
        phone(rtcpSocket, false, transport.port + 1),
      ];
      const remote = { address: OUTSIDE, port: socket.address().port };
      const dtlsOf = { active: true, associations: [first.association, second.association] };
      transport.start({ codec: 'PCMU', payloadType: 0, remote, dtls: dtlsOf }, performance.now());
      transport.tick(performance.now());
      await until(() => first.session.contexts !== undefined && second.session.contexts !== undefined);
      await until(() => dtls.contexts(second.association) !== undefined);
      report();
      await until(() => second.received.length === 1);
      const contexts = second.session.contexts ?? assert.fail();
      assert.equal(typeof srtp.unprotect(contexts.receive, second.received[0] ?? rtp(), true), 'object');
    });

    test('threat 21: a phone with another certificate than in its SDP is reported, and hears nothing', async () => {
      const socket = await bind();
      const { transport, insecure } = await start({ signallingAddress: OUTSIDE });
      const { session, received } = phone(socket, true, transport.port);
      const association = associate(false, Buffer.alloc(32));
      transport.start(
        {
          codec: 'PCMU',
          payloadType: 0,
          remote: PRIVATE,
          signallingAddress: OUTSIDE,
          rtcpMux: true,
          dtls: { active: false, associations: [association] },
        },
        performance.now(),
      );
      session.tick(0, { address: GATEWAY, port: transport.port });
      await until(() => insecure.length === 1);
      assert.match(insecure[0] ?? '', /certificate/);
      transport.sendRtp(rtp());
      assert.equal(received.length, 0);
    });
  });

  describe('with SRTP', () => {
    const srtp = Srtp.load();
    const suite = 'AES_CM_128_HMAC_SHA1_80';
    const [phoneKey, ownKey] = [Buffer.alloc(30, 1), Buffer.alloc(30, 2)];
    let contexts: number[];
    const context = (sending: boolean, key: Buffer) => {
      const id = srtp.open({ sending, suite, key });
      contexts.push(id);
      return id;
    };

    beforeEach(() => {
      contexts = [];
    });
    afterEach(() => {
      for (const id of contexts) {
        srtp.close(id);
      }
    });

    test('threat 21: a plain, forged or repeated packet is dropped, and no source is learnt from it', async () => {
      const media = { srtp: { send: context(true, ownKey), receive: context(false, phoneKey) } };
      const phone = context(true, phoneKey);
      const protectedRtp = Buffer.from(srtp.protect(phone, rtp(), false) ?? []);
      const { transport, heard, lines } = await start({ signallingAddress: OUTSIDE, ...media }, 'debug');
      const [attacker, socket] = [await bind(), await bind()];
      const send = (datagram: Buffer) => attacker.send(datagram, transport.port, GATEWAY);
      const forged = Buffer.from(protectedRtp);
      forged[20] = (forged[20] as number) ^ 1;
      for (const datagram of [rtp(), forged, emptyReport]) {
        send(datagram);
      }
      await until(() => transport.unauthenticated === 3);
      await heard(socket, protectedRtp);
      // The phone's own packet, sent again from the phone's address.
      send(protectedRtp);
      await until(() => transport.unauthenticated === 4);
      assert.deepEqual(
        lines.map(({ text, fields }) => [text, fields.why ?? fields.port]),
        [
          ['packet dropped by SRTP', 'forged'],
          ['packet dropped by SRTP', 'forged'],
          ['packet dropped by SRTP', 'forged'],
          ['media source learnt', socket.address().port],
          ['packet dropped by SRTP', 'replayed'],
        ],
      );
    });

    test('RTP and RTCP to the phone are encrypted, and nothing is sent once a context is closed', async () => {
      const send = context(true, ownKey);
      const media = { srtp: { send, receive: context(false, phoneKey) }, rtcpMux: true };
      const phone = { send: context(true, phoneKey), receive: context(false, ownKey) };
      const socket = await bind();
      const { transport, heard, report } = await start({ signallingAddress: OUTSIDE, ...media });
      await heard(socket, Buffer.from(srtp.protect(phone.send, rtp(), false) ?? []));
      for (const [isRtcp, act] of [
        [false, () => transport.sendRtp(rtp())],
        [true, report],
      ] as const) {
        const sent = once(socket, 'message');
        act();
        const [datagram] = (await sent) as [Buffer];
        assert.equal(typeof srtp.unprotect(phone.receive, datagram, isRtcp), 'object');
      }
      srtp.close(send);
      transport.sendRtp(rtp());
      report();
      transport.start(
        { codec: 'PCMU', payloadType: 0, remote: PRIVATE, signallingAddress: OUTSIDE },
        performance.now(),
      );
      const next = once(socket, 'message');
      transport.sendRtp(rtp());
      const [first] = (await next) as [Buffer];
      assert.deepEqual(first, rtp());
    });
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await new Promise(setImmediate);
  }
}
