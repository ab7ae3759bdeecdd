import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Device } from 'mediasoup-client';
import { type LinkProfile, UdpRelay } from '../../../bench/index.ts';
import { createHandlerFactory } from '../../../client/node/index.ts';
import { type Client, connect, type Identity, type PathReport } from '../../../client/sdk/index.ts';
import type { RtpCapabilities } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';

const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':');

describe('connection tests', () => {
  let server: InProcessServer;

  before(async () => {
    server = await InProcessServer.start();
  });
  after(() => server.close());

  const enter = async (identity?: Identity) =>
    ProtocolClient.enter(server.url, identity ?? (await newIdentity(server)));
  const tests = () => server.sfu.gauges().pathTests;
  const untilEnded = () => eventually('no test is running', tests, (count) => count === 0);

  /** Runs a test behind a relay to the media worker. */
  async function testBehind(
    down: LinkProfile,
    at = server,
  ): Promise<{ report: PathReport; steps: PathReport[]; sentBytes: number }> {
    const [worker] = await at.sfu.workers();
    const relay = await UdpRelay.create({
      listen: { address: '127.0.0.1', port: 0 },
      upstream: { address: '127.0.0.1', port: worker?.rtcPort ?? 0 },
      down: [{ atMs: 0, profile: down }],
    });
    const handlerFactory = createHandlerFactory({
      mapCandidate: (candidate) =>
        candidate.protocol === 'udp' ? { ...candidate, port: relay.address.port } : candidate,
    });
    const client: Client = await connect({
      url: at.url,
      identity: await newIdentity(at),
      createDevice: () => Device.factory({ handlerFactory }),
    });
    try {
      const steps: PathReport[] = [];
      const report = await client.testPaths((step) => steps.push(step));
      const sentBytes = relay.counters.reduce((sum, { down }) => sum + down.offeredBytes, 0);
      return { report, steps, sentBytes };
    } finally {
      await client.close();
      relay.close();
    }
  }

  // Side by side, since each waits until TCP counts as blocked.
  describe('on one network', { concurrency: true }, () => {
    after(untilEnded);

    it('finds the path that calls will use, and that it carries all that a call may send', async () => {
      const { report, steps } = await testBehind({});
      // This client has no TCP.
      assert.deepEqual(report.paths, [
        { path: 'udp', state: 'connected' },
        { path: 'tcp', state: 'blocked' },
      ]);
      assert.equal(report.used, 'udp');
      assert.equal(report.lossShare, 0);
      assert.deepEqual(report.received, {
        bitrateBps: 2_000_000,
        limited: false,
        videos: { small: 11, medium: 3, large: 1 },
      });
      assert.deepEqual(steps[0], {
        paths: [
          { path: 'udp', state: 'testing' },
          { path: 'tcp', state: 'testing' },
        ],
      });
    });

    for (const [what, profile] of [
      ['a short queue', { queueMs: 50 }],
      ['a long queue', {}],
    ] as const) {
      it(`measures a link of 1 Mbit/s with ${what}`, async () => {
        const { report } = await testBehind({ rateBps: 1_000_000, ...profile });
        const { bitrateBps = 0, limited, videos } = report.received ?? {};
        assert.ok(limited);
        assert.ok(bitrateBps > 750_000 && bitrateBps < 1_200_000, `${bitrateBps} bit/s`);
        assert.ok(videos && videos.small >= 3 && videos.small <= 6, JSON.stringify(videos));
      });
    }

    it('measures loss', async () => {
      const { report } = await testBehind({ loss: { kind: 'random', share: 0.1 } });
      assert.ok((report.lossShare ?? 0) > 0.02 && (report.lossShare ?? 0) < 0.25, String(report.lossShare));
    });

    it('threat 4: a test sends half a megabyte at most, however fast calls may be', async (t) => {
      const fast = await InProcessServer.start({ 'media.downBudgetKbps': 100_000 });
      t.after(() => fast.close());
      const { sentBytes } = await testBehind({}, fast);
      assert.ok(sentBytes > 400_000 && sentBytes < 700_000, `${sentBytes} bytes`);
    });
  });

  it('threat 4: an account may test six times in ten minutes, and others may still test', async () => {
    const identity = await newIdentity(server);
    const [one, two] = [await enter(identity), await enter(identity)];
    for (let n = 0; n < 6; n += 1) {
      await (n % 2 ? one : two).get('path.open', {});
    }
    assert.equal(tests(), 2);
    for (const client of [one, two]) {
      assert.equal(await client.refusal('path.open', {}), 'RATE_LIMITED');
    }
    const other = await enter();
    await other.get('path.open', {});
    for (const client of [one, two, other]) {
      client.close();
    }
    await untilEnded();
  });

  it('threat 5: nothing works before a test is open, after it is closed, or twice', async () => {
    const client = await enter();
    const other = await enter();
    const connecting = (transportId: string) => ({
      transportId,
      dtlsParameters: { fingerprints: [{ algorithm: 'sha-256', value: FINGERPRINT }] },
      signature: 'AAAA',
    });
    const refusedEach = async (transportId: string, code: string) => {
      const create = { path: 'udp', rtpCapabilities: {} };
      assert.equal(await client.refusal('path.create', create), code);
      assert.equal(await client.refusal('path.connect', connecting(transportId)), code);
      assert.equal(await client.refusal('path.send', { transportId, load: 'full' }), code);
    };
    await refusedEach(crypto.randomUUID(), 'PATH_TEST_MISSING');
    const opened = await client.get('path.open', {});
    const rtpCapabilities = opened.routerRtpCapabilities as RtpCapabilities;
    const { transportId, iceCandidates, consumer } = await client.get('path.create', {
      path: 'tcp',
      rtpCapabilities,
    });
    assert.ok(iceCandidates.length > 0 && iceCandidates.every(({ protocol }) => protocol === 'tcp'));
    const { codecs, headerExtensions } = consumer.rtpParameters as {
      codecs: Array<{ mimeType: string; rtcpFeedback: unknown[] }>;
      headerExtensions: unknown[];
    };
    assert.deepEqual(
      codecs.map(({ mimeType, rtcpFeedback }) => [mimeType, rtcpFeedback]),
      [['video/VP8', []]],
      'no retransmission, and nothing else to send for a bandwidth estimation',
    );
    assert.equal(headerExtensions.length, 1);
    const again = { path: 'tcp', rtpCapabilities };
    assert.equal(await client.refusal('path.create', again), 'TRANSPORT_EXISTS');
    assert.equal(await client.refusal('path.connect', connecting(transportId)), 'FINGERPRINT_UNSIGNED');
    assert.equal(await client.refusal('path.send', { transportId, load: 'light' }), 'TRANSPORT_UNKNOWN');
    // Threat 30: somebody else's transport.
    await other.get('path.open', {});
    assert.equal(await other.refusal('path.connect', connecting(transportId)), 'TRANSPORT_UNKNOWN');
    assert.equal(await other.refusal('path.send', { transportId, load: 'full' }), 'TRANSPORT_UNKNOWN');
    await client.get('path.close', {});
    await client.get('path.close', {});
    await refusedEach(transportId, 'PATH_TEST_MISSING');
    other.close();
    await untilEnded();
    client.close();
  });

  it('ends with its connection', async () => {
    const client = await enter();
    await client.get('path.open', {});
    assert.equal(tests(), 1);
    client.close();
    await untilEnded();
  });

  it('threat 41: its TURN credentials last a minute', async (t) => {
    const withTurn = await InProcessServer.start({
      'turn.urls': ['turn:turn.example'],
      'turn.secret': 'north',
    });
    t.after(() => withTurn.close());
    const client = await ProtocolClient.enter(withTurn.url, await newIdentity(withTurn));
    const { iceServers, paths } = await client.get('path.open', {});
    assert.deepEqual(paths, ['udp', 'tcp', 'relay']);
    const [expires = '', name] = iceServers[0]?.username?.split(':') ?? [];
    assert.ok(Number(expires) - Date.now() / 1000 <= 60);
    assert.match(name ?? '', /^[0-9a-f-]{36}$/);
    client.close();
  });
});
