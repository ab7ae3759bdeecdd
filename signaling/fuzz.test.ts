import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { createLogger, ERROR_CODES, loadConfig } from '../base/index.ts';
import type { Answer, RequestName, Role, RtpCapabilities } from '../contract/index.ts';
import { Sfu } from '../sfu/index.ts';
import { filled, type Hints, malformed } from '../test/support/malformed.ts';
import { opus, simulcast } from '../test/support/rtp-parameters.ts';
import { MIGRATIONS, REQUESTS, registerFeatures } from './features/index.ts';
import type { VerifiedDevice } from './identity/index.ts';
import { Kernel, peerPrincipal, type Session } from './kernel/index.ts';

/** Over 10^4 in all; FUZZ_MESSAGES=10000 makes it 10^4 of each, in minutes. */
const MESSAGES_PER_KIND = Number(process.env.FUZZ_MESSAGES ?? 600);
/** Fixed, so that a failure comes again; it is printed with the message that failed. */
const SEED = 20_261_101;
const ROOM = 'fuzz';
const FINGERPRINT = Array.from({ length: 32 }, (_, n) => (n + 16).toString(16).toUpperCase()).join(':');

/** What only a bridge may ask. */
const BRIDGE_REQUESTS: ReadonlySet<RequestName> = new Set([
  'gateway.register',
  'gateway.record',
  'gateway.dialFailed',
  'gateway.trunks',
  'gateway.quality',
  'gateway.traced',
  'gateway.ringing',
  'gateway.answered',
  'gateway.call',
  'gateway.saveRegistrations',
  'gateway.loadRegistrations',
  'bridge.open',
  'participant.add',
  'participant.update',
  'participant.remove',
]);

describe('threat 6: malformed messages through the handlers, with a real worker', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-fuzz-'));
  let sfu: Sfu;
  let kernel: Kernel;
  let pids: number[];
  let hints: Hints;
  let mallory: Session;
  let ann: Session;
  let annsProducer: string;

  before(async () => {
    const config = loadConfig({
      env: {},
      flags: {
        'server.host': '127.0.0.1',
        'server.port': 0,
        'data.dir': dir,
        'limits.peersPerRoom': 100,
        'limits.resumeSeconds': 1,
      },
    });
    const log = createLogger({ level: 'silent', format: 'json' });
    sfu = await Sfu.create({ workers: 1, rtcPort: 0, listen: [{ ip: '127.0.0.1' }], log });
    pids = (await sfu.workers()).map(({ pid }) => pid);
    kernel = await Kernel.open({ config, log, migrations: MIGRATIONS, sfu, version: '0.0.0' });
    registerFeatures(kernel);
    await kernel.listen();
    ann = session('member');
    mallory = session('admin');
    const { routerRtpCapabilities } = await ask<{ routerRtpCapabilities: RtpCapabilities }>(
      ann,
      'room.join',
      { roomId: ROOM },
    );
    const { transportId } = await ask<{ transportId: string }>(ann, 'transport.create', {
      direction: 'send',
    });
    const produced = { transportId, kind: 'video', source: 'camera', rtpParameters: simulcast() };
    annsProducer = (await ask<{ producerId: string }>(ann, 'producer.create', produced)).producerId;
    const { certificateDer } = kernel.authority;
    const der = Buffer.from(certificateDer).toString('base64');
    hints = {
      roomId: [ROOM, 'other'],
      transportId: ['@send', '@recv'],
      producerId: ['@own', '@other'],
      producerIds: [['@other'], ['@own', '@other']],
      consumerId: ['@consumer'],
      consumerIds: [['@consumer']],
      rtpParameters: [opus(), simulcast()],
      rtpCapabilities: [routerRtpCapabilities],
      dtlsParameters: [{ role: 'client', fingerprints: [{ algorithm: 'sha-256', value: FINGERPRINT }] }],
      participantId: ['@participant'],
      peerId: ['@peer'],
      address: ['127.0.0.1', '::1'],
      nonce: ['nonce'],
      origin: ['http://localhost'],
      timeMs: [Date.now()],
      chain: [[der], [der, der]],
    };
  });
  after(async () => {
    await kernel.close();
    await sfu.close();
    rmSync(dir, { recursive: true });
  });

  function session(role: Role): Session {
    const deviceId = randomUUID();
    const device = {
      deviceId,
      accountId: deviceId,
      accountAlias: deviceId,
      displayName: 'Somebody',
      source: 'invite',
      verify: async () => true,
    } as unknown as VerifiedDevice;
    return {
      connectionId: deviceId,
      connection: { origin: 'http://localhost', send: () => undefined, end: () => undefined },
      address: '::1',
      openedAtMs: 0,
      stages: new Set(),
      nonce: null,
      principal: peerPrincipal(
        { device, chain: [], origin: 'http://localhost' },
        { role, isGateway: role === 'bridge' },
      ),
      holder: { device: deviceId, account: deviceId },
      releases: [],
      seat: null,
      joining: false,
      closed: false,
      log: createLogger({ level: 'silent', format: 'json' }),
    };
  }

  async function ask<R>(from: Session, name: RequestName, data: unknown): Promise<R> {
    const answer = await kernel.dispatcher.dispatch(from, name, { id: randomUUID(), data });
    assert.ok(answer.ok, `${name}: ${JSON.stringify(answer)}`);
    return answer.result as R;
  }

  /** Brings the attacker into the state in which a request reaches furthest, and tells what can be named in it. */
  async function prepare(name: RequestName): Promise<Record<string, string>> {
    if (name === 'auth.prove') {
      Object.assign(mallory, { principal: null, nonce: 'nonce' });
      return {};
    }
    if (BRIDGE_REQUESTS.has(name)) {
      return prepareBridge(name);
    }
    if (name === 'room.join' || name.startsWith('invite.')) {
      await leave();
      return { '@peer': ann.seat?.peer.peerId ?? '' };
    }
    let peer = mallory.seat?.peer;
    const wanted = name === 'transport.create' ? 0 : 2;
    let own = sfu.ownObjects(ROOM, peer?.peerId ?? '');
    const whole = wanted === 0 || (own.producerIds.length === 1 && own.consumerIds.length === 1);
    if (
      !peer ||
      !whole ||
      own.transportIds.length !== wanted ||
      !kernel.rooms.find(ROOM)?.peers.has(peer.peerId)
    ) {
      await leave();
      await enter(wanted > 0);
      peer = mallory.seat?.peer;
      own = sfu.ownObjects(ROOM, peer?.peerId ?? '');
    }
    // In the order in which enter() makes them.
    const [recv = '', send = ''] = own.transportIds;
    return {
      '@send': send,
      '@recv': recv,
      '@own': own.producerIds[0] ?? '',
      '@consumer': own.consumerIds[0] ?? '',
      '@other': annsProducer,
      '@participant': peer?.participantId ?? '',
      '@peer': ann.seat?.peer.peerId ?? '',
    };
  }

  /** As a bridge that hosts one phone, or is the gateway in charge. */
  async function prepareBridge(name: RequestName): Promise<Record<string, string>> {
    await leave();
    Object.assign(mallory, { principal: { ...session('bridge').principal, role: 'bridge' } });
    if (name.startsWith('gateway.')) {
      await ask(mallory, 'gateway.register', {});
      return {};
    }
    await ask(mallory, 'room.join', { roomId: ROOM });
    const { participantId } = await ask<{ participantId: string }>(mallory, 'participant.add', {
      displayName: 'Phone',
      kind: 'phone',
    });
    return { '@participant': participantId };
  }

  async function leave(): Promise<void> {
    await kernel.dispatcher.dispatch(mallory, 'room.leave', { id: randomUUID(), data: {} });
  }

  async function enter(withMedia: boolean): Promise<void> {
    const { routerRtpCapabilities: rtpCapabilities } = await ask<{ routerRtpCapabilities: unknown }>(
      mallory,
      'room.join',
      { roomId: ROOM },
    );
    if (withMedia) {
      const made = { direction: 'recv', rtpCapabilities };
      const { transportId: recv } = await ask<{ transportId: string }>(mallory, 'transport.create', made);
      const { transportId } = await ask<{ transportId: string }>(mallory, 'transport.create', {
        direction: 'send',
      });
      const produced = { transportId, kind: 'audio', source: 'microphone', rtpParameters: opus() };
      await ask(mallory, 'producer.create', produced);
      await ask(mallory, 'consumer.create', { transportId: recv, producerIds: [annsProducer] });
    }
  }

  for (const name of Object.keys(REQUESTS) as RequestName[]) {
    it(`${MESSAGES_PER_KIND} of ${name}: each gets a coded answer, and the worker keeps running`, async () => {
      const envelope = z.object({ id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/), data: REQUESTS[name].data });
      const { principal } = mallory;
      // An admin may delete Ann's room.
      const known = name === 'room.delete' ? { ...hints, roomId: ['other'] } : hints;
      await fc.assert(
        fc.asyncProperty(malformed(envelope, known), async (message) => {
          const slots = await prepare(name);
          const answer: Answer<unknown> = await kernel.dispatcher.dispatch(
            mallory,
            name,
            filled(message, slots),
          );
          const code = answer.ok ? 'ok' : answer.error.code;
          assert.ok(code === 'ok' || code in ERROR_CODES, code);
          assert.notEqual(code, 'INTERNAL', JSON.stringify(answer));
          if (name === 'transport.connect' && answer.ok) {
            await leave();
          }
        }),
        { numRuns: MESSAGES_PER_KIND, seed: SEED, endOnFailure: true },
      );
      mallory.principal = principal;
      await leave();
      assert.deepEqual(
        (await sfu.workers()).map(({ pid }) => pid),
        pids,
      );
      // The one beside has kept what she had, and the worker answers for it.
      assert.deepEqual(sfu.ownObjects(ROOM, ann.seat?.peer.peerId ?? '').producerIds, [annsProducer]);
      await ask(ann, 'producer.pause', { producerId: annsProducer });
      await ask(ann, 'producer.resume', { producerId: annsProducer });
    });
  }

  it('leaves nothing behind', async () => {
    // Some message may have told the room to stay open.
    await ask(mallory, 'room.configure', { roomId: ROOM, emptyTimeout: null });
    await ask(ann, 'room.leave', {});
    assert.equal(kernel.rooms.size, 0);
    const { workers, webRtcServers, ...others } = sfu.gauges();
    assert.deepEqual([workers, webRtcServers], [1, 1]);
    assert.ok(
      Object.values(others).every((count) => count === 0),
      JSON.stringify(others),
    );
  });
});
