// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { Bystanders, Seat } from '../support/raw-call.ts';
import { opus, simulcast } from '../support/rtp-parameters.ts';
import type { TestServer } from '../support/server.ts';

type Json = Record<string, unknown>;

const FINGERPRINT = Array.from({ length: 32 }, (_, n) => (n + 16).toString(16).toUpperCase()).join(':');
const sha256 = { algorithm: 'sha-256', value: FINGERPRINT };
const sha1 = { algorithm: 'sha-1', value: FINGERPRINT.slice(0, 59) };

const encodings = (...list: unknown[]): Json => ({ encodings: list });
const rid = (n: number): Json => ({ rid: `r${n}` });
const codec = (change: Json, parameters: () => { codecs: object[] } = simulcast): Json => {
  const { codecs } = parameters();
  return { codecs: [{ ...codecs[0], ...change }, ...codecs.slice(1)] };
};

/** Changes to valid video parameters. */
const REFUSED: Record<string, Json> = {
  'no encoding': encodings(),
  '10,000 encodings': encodings(...Array.from({ length: 10_000 }, (_, n) => rid(n))),
  'the same SSRC twice': encodings({ ssrc: 7 }, { ssrc: 7 }),
  'the SSRC of a stream for its retransmission': encodings({ ssrc: 7, rtx: { ssrc: 7 } }),
  'the same RID twice': encodings(rid(0), rid(0)),
  'an RID of 10,000 characters': encodings({ rid: 'r'.repeat(10_000) }),
  'ssrc 0': encodings({ ssrc: 0 }),
  'ssrc -1': encodings({ ssrc: -1 }),
  'ssrc 2^32': encodings({ ssrc: 2 ** 32 }),
  'ssrc 1.5': encodings({ ssrc: 1.5 }),
  'ssrc as text': encodings({ ssrc: '7' }),
  'scalabilityMode L99T99': encodings({ ...rid(0), scalabilityMode: 'L99T99' }),
  'scalabilityMode L0T0': encodings({ ...rid(0), scalabilityMode: 'L0T0' }),
  'bitrate -1': encodings({ ...rid(0), maxBitrate: -1 }),
  'bitrate 0': encodings({ ...rid(0), maxBitrate: 0 }),
  'bitrate NaN': encodings({ ...rid(0), maxBitrate: Number.NaN }),
  'bitrate 1e308': encodings({ ...rid(0), maxBitrate: 1e308 }),
  'bitrate 100000.5': encodings({ ...rid(0), maxBitrate: 100_000.5 }),
  'no codec': { codecs: [] },
  '1,000 codecs': { codecs: Array(1000).fill(simulcast().codecs[0]) },
  'two codecs of one payload type': { codecs: [simulcast().codecs[0], simulcast().codecs[0]] },
  'clock rate 0': codec({ clockRate: 0 }),
  'clock rate -90000': codec({ clockRate: -90_000 }),
  'clock rate 2^31': codec({ clockRate: 2 ** 31 }),
  'another clock rate than the codec has': codec({ clockRate: 48_000 }),
  'payload type 128': codec({ payloadType: 128 }),
  'payload type -1': codec({ payloadType: -1 }),
  'a codec that nobody knows': codec({ mimeType: 'video/none' }),
  'a codec of no kind': codec({ mimeType: 'VP8' }),
  'an audio codec for video': { codecs: opus().codecs },
  '10,000 channels': codec({ channels: 10_000 }),
  'nested codec parameters': codec({ parameters: { a: { b: {} } } }),
  '1,000 codec parameters': codec({
    parameters: Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`p${n}`, n])),
  }),
  'codec parameters beyond 32 bits': codec({ parameters: { apt: 2 ** 40 } }),
  'a retransmission of a codec that is not there': {
    codecs: [simulcast().codecs[0], { ...simulcast().codecs[1], parameters: { apt: 55 } }],
  },
  'retransmission only': { codecs: [simulcast().codecs[1]] },
  'header extension id 0': { headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 0 }] },
  'two header extensions of one id': {
    headerExtensions: [
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 1 },
      { uri: 'urn:3gpp:video-orientation', id: 1 },
    ],
  },
  'a header extension that nobody knows': { headerExtensions: [{ uri: 'urn:none', id: 1 }] },
  'a mid of 10,000 characters': { mid: 'm'.repeat(10_000) },
  'an empty mid': { mid: '' },
  'a mid with control characters': { mid: 'a\u0000b' },
  'a cname of 10,000 characters': { rtcp: { cname: 'c'.repeat(10_000) } },
  'lists in place of objects': { rtcp: [], encodings: [[]] },
  nothing: { codecs: null, encodings: null },
};

describe('threat 6: media parameters', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let identities: Identity[];
  let bystanders: Bystanders;
  let attacker: Seat;

  before(async () => {
    attacked = await AttackedServer.start({ flags: ['--workers', '1'] });
    server = attacked.server;
    identities = await Promise.all([1, 2, 3].map(() => newIdentity(server)));
    const [ann, bob, mallory] = identities;
    assert.ok(ann && bob && mallory);
    bystanders = await Bystanders.start(server.url, ann, bob);
    attacker = await Seat.take(server.url, mallory, 'bystanders');
  });
  after(async () => {
    await bystanders.goOn();
    await bystanders.leave();
    await attacker.client.get('room.leave', {});
    attacker.client.close();
    await attacked.close();
  });

  const request = (change: Json): Json => ({
    transportId: attacker.send,
    kind: 'video',
    source: 'camera',
    rtpParameters: { ...simulcast(), ...change },
  });

  for (const [what, change] of Object.entries(REFUSED)) {
    it(`${what}: refused with a code, and a call in progress continues`, async () => {
      const code = await attacker.client.refusal('producer.create', request(change));
      assert.match(code, /^(BAD_REQUEST|MEDIA_REJECTED|CODEC_UNSUPPORTED)$/);
      await bystanders.goOn();
    });
  }

  it('a kind that does not match the parameters, or none, is refused', async () => {
    for (const kind of ['audio', 'text', '', null]) {
      const code = await attacker.client.refusal('producer.create', { ...request({}), kind });
      assert.match(code, /^(BAD_REQUEST|MEDIA_REJECTED)$/);
    }
  });

  it('an SSRC or MID that is already in use on the transport is refused by the worker, which survives', async () => {
    const ssrc = 4242;
    const first = await attacker.client.get('producer.create', {
      ...(request({ mid: 'a', ...encodings({ ssrc }) }) as Parameters<
        typeof attacker.client.get<'producer.create'>
      >[1]),
    });
    for (const change of [
      { mid: 'b', ...encodings({ ssrc }) },
      { mid: 'a', ...encodings({ ssrc: ssrc + 1 }) },
    ]) {
      assert.equal(await attacker.client.refusal('producer.create', request(change)), 'MEDIA_REJECTED');
    }
    await attacker.client.get('producer.close', { producerId: first.producerId });
    await bystanders.goOn();
  });

  it('anything but exactly one signed sha-256 fingerprint is refused before a worker sees it', async () => {
    const [, , mallory] = identities;
    assert.ok(mallory);
    const transportId = attacker.send;
    const signature = await mallory.bindDtls({ transportId, fingerprint: FINGERPRINT });
    const lists: unknown[] = [
      [],
      [sha256, sha256],
      [sha256, sha1],
      [sha1, sha256],
      [sha1],
      [{ ...sha256, algorithm: 'SHA-256' }],
      [{ ...sha256, value: FINGERPRINT.toLowerCase() }],
      [{ ...sha256, value: FINGERPRINT.slice(0, 59) }],
      [{ ...sha256, value: '' }],
      [{ algorithm: 'sha-256' }],
      [null],
      Array(1000).fill(sha256),
      { 0: sha256, length: 1 },
      'sha-256',
      null,
    ];
    for (const fingerprints of lists) {
      const data = { transportId, dtlsParameters: { role: 'client', fingerprints }, signature };
      const code = await attacker.client.refusal('transport.connect', data);
      assert.match(code, /^(BAD_REQUEST|FINGERPRINT_INVALID)$/, JSON.stringify(fingerprints).slice(0, 100));
    }
    for (const role of ['', 'both', 1]) {
      const data = { transportId, dtlsParameters: { role, fingerprints: [sha256] }, signature };
      assert.equal(await attacker.client.refusal('transport.connect', data), 'BAD_REQUEST');
    }
    await bystanders.goOn();
  });

  it('absurd capabilities create no transport, or one that consumes nothing', async () => {
    await attacker.client.get('transport.close', { transportId: attacker.recv });
    const good = { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: 96, clockRate: 90_000 };
    const refused: Json[] = [
      { codecs: Array(1000).fill(good) },
      { codecs: [{ ...good, clockRate: 2 ** 31 }] },
      { codecs: [{ ...good, preferredPayloadType: 300 }] },
      { codecs: [{ ...good, parameters: { apt: 2 ** 40 } }] },
      { codecs: [{ ...good, kind: 'text' }] },
      { codecs: {} },
      { headerExtensions: [{ kind: 'video', uri: 'urn:none', preferredId: 1 }] },
      { headerExtensions: [{ kind: 'video', uri: 'urn:3gpp:video-orientation', preferredId: 0 }] },
    ];
    for (const rtpCapabilities of refused) {
      const code = await attacker.client.refusal('transport.create', { direction: 'recv', rtpCapabilities });
      assert.match(code, /^(BAD_REQUEST|MEDIA_REJECTED)$/, JSON.stringify(rtpCapabilities).slice(0, 100));
    }
    const producerIds = [await bystanders.bob.produce()];
    for (const rtpCapabilities of [{}, { codecs: [] }, { codecs: Array(64).fill(good) }]) {
      const { transportId } = await attacker.client.get('transport.create', {
        direction: 'recv',
        rtpCapabilities: rtpCapabilities as Json,
      });
      const { failed } = await attacker.client.get('consumer.create', { transportId, producerIds });
      assert.equal(failed[0]?.error.code, 'CODEC_UNSUPPORTED');
      await attacker.client.get('transport.close', { transportId });
    }
    await bystanders.goOn();
  });

  it('layers that do not exist are refused or harmless', async () => {
    const { client } = attacker;
    for (const layers of [
      { spatialLayer: -1 },
      { spatialLayer: 8 },
      { spatialLayer: 0.5 },
      { spatialLayer: '0' },
      { spatialLayer: 0, temporalLayer: 99 },
      {},
    ]) {
      const data = { consumerId: bystanders.bob.peerId, ...layers };
      assert.equal(await client.refusal('consumer.setPreferredLayers', data), 'BAD_REQUEST');
    }
  });
});
