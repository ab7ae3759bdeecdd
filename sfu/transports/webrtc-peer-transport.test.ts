import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { IceDtlsClient } from '../../test/support/ice-dtls.ts';
import type { Sfu, TransportState } from '../index.ts';
import {
  Behind,
  baseline,
  clientFingerprint,
  enter,
  nextEvent,
  simulcastParameters,
  startSfu,
} from '../test-support.ts';
import { transportState } from './webrtc-peer-transport.ts';

describe('transportState()', () => {
  it('is connected only when ICE has a pair and DTLS has keys, and a DTLS failure takes precedence', () => {
    const table = [
      ['new', 'new', 'new'],
      ['new', 'connecting', 'connecting'],
      ['connected', 'new', 'connecting'],
      ['completed', 'connecting', 'connecting'],
      ['connected', 'connected', 'connected'],
      ['completed', 'connected', 'connected'],
      ['disconnected', 'connected', 'disconnected'],
      ['completed', 'failed', 'failed'],
      ['disconnected', 'closed', 'closed'],
    ] as const;
    for (const [ice, dtls, state] of table) {
      assert.equal(transportState(ice, dtls), state, `${ice} ${dtls}`);
    }
  });
});

describe('a transport, with a real ICE and DTLS client', () => {
  const behind = new Behind();
  let sfu: Sfu;
  let client: IceDtlsClient;

  before(async () => {
    sfu = await startSfu();
    client = await IceDtlsClient.create();
  });

  afterEach(async () => {
    await client.stopDtls();
    sfu.closeRoom('green');
    assert.deepEqual(sfu.gauges(), baseline(1));
  });

  after(async () => {
    await client.close();
    await sfu.close();
  });

  function state(wanted: TransportState) {
    return nextEvent(sfu, 'transportstate', (data) => data.state === wanted);
  }

  it('connects, reports the remote certificate, counts bytes, restarts ICE, and reports its end', async () => {
    const { send } = await enter(sfu, 'green', 'ann');
    const connecting = state('connecting');
    const port = await client.connectIce(send);
    assert.deepEqual(await connecting, {
      roomId: 'green',
      peerId: 'ann',
      transportId: send.transportId,
      state: 'connecting',
    });
    await sfu.connectTransport('green', 'ann', send.transportId, client.dtlsParameters);
    const certificate = nextEvent(sfu, 'dtlsconnected');
    const connected = state('connected');
    client.startDtls(send, port);
    const { remoteCertificate, ...whose } = await certificate;
    assert.deepEqual(whose, { roomId: 'green', peerId: 'ann', transportId: send.transportId });
    assert.equal(new X509Certificate(remoteCertificate).fingerprint256, client.certificate.fingerprint256);
    await connected;
    const traffic = await sfu.traffic();
    assert.ok(traffic.receivedBytes > 500 && traffic.sentBytes > 500, JSON.stringify(traffic));

    const iceParameters = await sfu.restartIce('green', 'ann', send.transportId);
    await client.connectIce({ ...send, iceParameters });
    const closed = state('closed');
    await client.stopDtls();
    await closed;
    sfu.closePeer('green', 'ann');
    // Closed transports still count, including their last bytes.
    const total = await sfu.traffic();
    assert.ok(total.receivedBytes > traffic.receivedBytes);
  });

  it('requests a key frame of each video at once when its client changes networks', async () => {
    const { send } = await enter(sfu, 'green', 'bob');
    const { producerId } = await sfu.produce('green', 'bob', {
      ...{ transportId: send.transportId, kind: 'video', source: 'camera' },
      ...{ rtpParameters: simulcastParameters(), paused: false },
    });
    const { recv } = await enter(sfu, 'green', 'ann');
    const { transportId } = recv;
    const { consumerId } = await sfu.consume('green', 'ann', { transportId, producerId });
    const given = nextEvent(sfu, 'allocation', ({ tiles }) => tiles.some(({ layers }) => layers !== null));
    await sfu.resumeConsumer('green', 'ann', consumerId);
    await given;
    const here = await IceDtlsClient.create();
    const port = await here.connectIce(recv);
    await sfu.connectTransport('green', 'ann', transportId, here.dtlsParameters);
    const connected = state('connected');
    here.startDtls(recv, port);
    await connected;
    const consumer = behind.consumers.find(({ id }) => id === consumerId);
    assert.ok(consumer);
    const request = consumer.requestKeyFrame.bind(consumer);
    const asked = new Promise<void>((resolve) => {
      consumer.requestKeyFrame = () => {
        resolve();
        return request();
      };
    });
    // From another port.
    await here.connectIce(recv);
    await asked;
    // Its handshake cannot complete cleanly: the responses now go elsewhere.
    await here.close();
  });

  it("offers a single sha-256 fingerprint, and candidates for UDP and TCP on its worker's port", async () => {
    const { send, recv } = await enter(sfu, 'green', 'ann');
    const [worker] = await sfu.workers();
    assert.equal(send.workerId, worker?.workerId);
    assert.deepEqual(
      send.iceCandidates.map(({ protocol, port, address }) => ({ protocol, port, address })),
      [
        { protocol: 'udp', port: worker?.rtcPort, address: '127.0.0.1' },
        { protocol: 'tcp', port: worker?.rtcPort, address: '127.0.0.1' },
      ],
    );
    assert.deepEqual(
      send.dtlsParameters.fingerprints.map(({ algorithm }) => algorithm),
      ['sha-256'],
    );
    assert.deepEqual(send.dtlsParameters.fingerprints, recv.dtlsParameters.fingerprints);
  });

  it('threat 24: a certificate other than the announced one fails the transport, and is not reported', async () => {
    const { send } = await enter(sfu, 'green', 'ann');
    const port = await client.connectIce(send);
    await sfu.connectTransport('green', 'ann', send.transportId, clientFingerprint());
    let certificates = 0;
    const count = (): void => {
      certificates += 1;
    };
    sfu.on('dtlsconnected', count);
    const failed = state('failed');
    client.startDtls(send, port);
    assert.equal((await failed).transportId, send.transportId);
    assert.equal(certificates, 0);
    sfu.off('dtlsconnected', count);
  });
});
