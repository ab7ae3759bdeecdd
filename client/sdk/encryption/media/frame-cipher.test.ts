import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, it, mock } from 'node:test';
import type { EpochKeys } from '../../../../contract/sframe/index.ts';
import { parseHeader, ReplayWindow } from '../../../../contract/sframe/index.ts';
import {
  type FrameCounts,
  FrameOpener,
  type FrameOrigin,
  FrameSealer,
  type MediaKeys,
} from './frame-cipher.ts';
import { mediaKeys } from './media-keys.ts';

const CAMERA: FrameOrigin = { codec: 'vp9', source: 'camera' };
const VP8: FrameOrigin = { codec: 'vp8', source: 'camera' };
const MICROPHONE: FrameOrigin = { codec: 'opus', source: 'microphone' };
const MEMBERS = new Map([
  [0, 'ada'],
  [1, 'bob'],
  [2, 'eve'],
]);

const rings: MediaKeys[] = [];
// Otherwise the timers of old epochs would hold the process up.
afterEach(() => {
  for (const ring of rings.splice(0)) {
    ring.close();
  }
});

function newRing(): MediaKeys {
  const ring = mediaKeys();
  rings.push(ring);
  return ring;
}

/** The keys that every member has of an epoch. */
function epochKeys(epoch: bigint, groupId = 'first'): Omit<EpochKeys, 'ownLeaf'> {
  const baseKeys = {
    AES_128_GCM_SHA256_128: randomBytes(16),
    AES_128_CTR_HMAC_SHA256_80: randomBytes(48),
  };
  return { groupId, epoch, baseKeys, members: MEMBERS };
}

function ringOf(ownLeaf: number, ...epochs: Array<Omit<EpochKeys, 'ownLeaf'>>): MediaKeys {
  const ring = newRing();
  for (const keys of epochs) {
    ring.setEpoch({ ...keys, ownLeaf });
  }
  return ring;
}

/** Bob's ring, and how he receives a source of Ada's. */
function receiver(origin: FrameOrigin, ...epochs: Array<Omit<EpochKeys, 'ownLeaf'>>) {
  const gaps = { count: 0 };
  const ring = ringOf(1, ...epochs);
  const opener = new FrameOpener(ring, origin, 'ada', () => {
    gaps.count += 1;
  });
  return { ring, opener, gaps };
}

function frame(...start: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(...start, ...randomBytes(60));
}

/** A VP8 frame: bit 0 of the first byte is 0 in a key frame. */
const keyFrame = () => frame(0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01);
const interFrame = () => frame(0x11);

async function seal(sealer: FrameSealer, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return (await sealer.seal(data)) ?? assert.fail('not encrypted');
}

function refusals({ counts }: { counts: FrameCounts }): FrameCounts['refused'] {
  return counts.refused;
}

describe('an encrypted frame', () => {
  const cases: Array<[string, FrameOrigin, () => Uint8Array<ArrayBuffer>, number]> = [
    ['Opus', MICROPHONE, frame, 0],
    ['VP9', CAMERA, frame, 0],
    ['a screen in VP9', { codec: 'vp9', source: 'screen' }, frame, 0],
    ['a key frame of VP8', VP8, keyFrame, 10],
    ['another frame of VP8', VP8, interFrame, 1],
  ];
  for (const [name, origin, make, clear] of cases) {
    it(`of ${name} leaves ${clear} bytes clear and opens to what it was`, async () => {
      const keys = epochKeys(7n);
      const sealer = new FrameSealer(ringOf(0, keys), origin);
      const { opener } = receiver(origin, keys);
      const plain = make();
      const sealed = await seal(sealer, plain);
      assert.deepEqual(sealed.subarray(0, clear), plain.subarray(0, clear));
      assert.equal(Buffer.from(sealed).includes(Buffer.from(plain.subarray(clear))), false);
      assert.deepEqual(await opener.open(sealed), plain);
      assert.deepEqual(opener.counts, { passed: 1, refused: {} });
    });
  }

  it('never uses a counter twice, whatever else is sent at the same time', async () => {
    const ring = ringOf(0, epochKeys(1n));
    const sealers = [CAMERA, CAMERA, CAMERA, MICROPHONE].map((origin) => new FrameSealer(ring, origin));
    const sealed = await Promise.all(
      Array.from({ length: 400 }, (_, at) => seal(sealers[at % 4] as FrameSealer, frame())),
    );
    const counters = new Set(sealed.map((bytes) => parseHeader(bytes)?.counter));
    assert.equal(counters.size, 400);
    ring.setEpoch({ ...epochKeys(1n), ownLeaf: 0 });
    const next = await seal(sealers[0] as FrameSealer, frame());
    assert.equal(counters.has(parseHeader(next)?.counter), false, 'the same epoch must not begin again');
  });

  it('is not made before there is a key, nor after the keys are gone', async () => {
    const ring = newRing();
    const sealer = new FrameSealer(ring, CAMERA);
    assert.equal(await sealer.seal(frame()), undefined);
    ring.setEpoch({ ...epochKeys(1n), ownLeaf: 0 });
    assert.ok(await sealer.seal(frame()));
    ring.close();
    assert.equal(await sealer.seal(frame()), undefined);
    assert.deepEqual(refusals(sealer), { 'no-key': 2 });
  });

  it('is not made of what cannot be a frame', async () => {
    const sealer = new FrameSealer(ringOf(0, epochKeys(1n)), VP8);
    assert.equal(await sealer.seal(new Uint8Array()), undefined);
    assert.equal(await sealer.seal(keyFrame().slice(0, 10)), undefined);
    assert.deepEqual(refusals(sealer), { malformed: 2 });
  });
});

describe('threat 44: a receiver', () => {
  it('refuses a frame of which any bit was changed, clear bytes and header too', async () => {
    const keys = epochKeys(1n);
    for (const [origin, plain] of [
      [VP8, keyFrame()],
      [MICROPHONE, frame()],
    ] as const) {
      const sealed = await seal(new FrameSealer(ringOf(0, keys), origin), plain);
      const { opener } = receiver(origin, keys);
      for (let bit = 0; bit < 8 * sealed.length; bit += 1) {
        const changed = sealed.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        // Frames of an epoch to come would be waited for.
        const opened = bit < 8 * 13 ? await openNow(opener, changed) : await opener.open(changed);
        assert.equal(opened, undefined, `bit ${bit}`);
      }
      assert.equal(opener.counts.passed, 0);
      assert.deepEqual(await opener.open(sealed), plain);
    }
  });

  it('refuses a forged key-frame bit of VP8 in either direction', async () => {
    const keys = epochKeys(1n);
    for (const plain of [keyFrame(), interFrame()]) {
      const sealed = await seal(new FrameSealer(ringOf(0, keys), VP8), plain);
      const { opener } = receiver(VP8, keys);
      sealed[0] = (sealed[0] as number) ^ 1;
      assert.equal(await openNow(opener, sealed), undefined);
      assert.equal(opener.counts.passed, 0);
    }
  });

  it('refuses a frame that another member encrypted', async () => {
    const keys = epochKeys(1n);
    const sealed = await seal(new FrameSealer(ringOf(2, keys), CAMERA), frame());
    const { opener } = receiver(CAMERA, keys);
    assert.equal(await opener.open(sealed), undefined);
    assert.deepEqual(refusals(opener), { 'wrong-sender': 1 });
    const nobody = new FrameOpener(ringOf(1, keys), CAMERA, undefined, () => {});
    assert.equal(await nobody.open(sealed), undefined);
    assert.deepEqual(refusals(nobody), { 'wrong-sender': 1 });
  });

  it('refuses a screen that is passed off as a camera', async () => {
    const keys = epochKeys(1n);
    const sealed = await seal(new FrameSealer(ringOf(0, keys), { codec: 'vp9', source: 'screen' }), frame());
    const { opener } = receiver(CAMERA, keys);
    assert.equal(await opener.open(sealed), undefined);
    assert.deepEqual(refusals(opener), { forged: 1 });
  });

  it('refuses clear frames, those of impossible length, and those of other groups', async () => {
    const keys = epochKeys(1n);
    const { opener } = receiver(MICROPHONE, keys);
    const stranger = new FrameSealer(ringOf(0, epochKeys(1n)), MICROPHONE);
    const sealed = await seal(new FrameSealer(ringOf(0, keys), MICROPHONE), frame());
    const bad = [await seal(stranger, frame()), new Uint8Array(), sealed.slice(0, 11), sealed.slice(0, -1)];
    // Opus in stereo at 20 ms begins with these bytes; as a header they name members that do not exist.
    bad.push(frame(0xfc, 0x7f), frame(0x78, 0x01), frame(0x58, 0x02));
    for (const bytes of bad) {
      assert.equal(await openNow(opener, bytes), undefined);
    }
    assert.equal(opener.counts.passed, 0);
    assert.ok((opener.counts.refused.malformed ?? 0) >= 2);
  });

  it('accepts each frame once, in whatever order frames arrive', async () => {
    const keys = epochKeys(1n);
    const sealer = new FrameSealer(ringOf(0, keys), CAMERA);
    const sealed = await Promise.all(Array.from({ length: 50 }, () => seal(sealer, frame())));
    const { ring, opener } = receiver(CAMERA, keys);
    for (const bytes of sealed.toReversed()) {
      assert.ok(await opener.open(bytes));
    }
    const again = new FrameOpener(ring, CAMERA, 'ada', () => {});
    for (const bytes of sealed) {
      assert.equal(await opener.open(bytes), undefined);
      assert.equal(await again.open(bytes), undefined, 'nor as another track');
    }
    assert.deepEqual(refusals(opener), { replayed: 50 });
  });

  it('does not derive keys for a flood of unknown key ids, nor wait for each', async () => {
    const { ring, opener } = receiver(CAMERA, epochKeys(300n));
    const derive = mock.method(crypto.subtle, 'importKey');
    try {
      const startedAtMs = performance.now();
      for (let at = 0; at < 20_000; at += 1) {
        const keyId = BigInt(3 + at) << 8n;
        // Every epoch: the current one, past ones, and those that might come.
        const id = Number(keyId) | (at & 0xff);
        await opener.open(frame(0xa0, (id >> 16) & 0xff, (id >> 8) & 0xff, id & 0xff));
      }
      assert.equal(derive.mock.callCount(), 0);
      assert.ok(performance.now() - startedAtMs < 10_000);
    } finally {
      derive.mock.restore();
    }
    assert.equal(opener.counts.passed, 0);
    assert.equal(ring.epoch, 300n);
  });

  it('accepts the epoch before for 5 s, and not for longer', async () => {
    const old = epochKeys(1n);
    const sealer = new FrameSealer(ringOf(0, old), CAMERA);
    const { ring, opener } = receiver(CAMERA, old);
    const [early, late] = [await seal(sealer, frame()), await seal(sealer, frame())];
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      ring.setEpoch({ ...epochKeys(2n), ownLeaf: 1 });
      mock.timers.tick(4999);
      assert.ok(await opener.open(early));
      mock.timers.tick(1);
      assert.equal(await opener.open(late), undefined);
      assert.deepEqual(refusals(opener), { 'unknown-key': 1 });
    } finally {
      mock.timers.reset();
    }
  });
});

describe('around a new epoch', () => {
  it('threat 24: frames of a member that the current epoch is repeated without are dropped, and nobody else’s', async () => {
    const [old, keys] = [epochKeys(1n), epochKeys(2n)];
    const sealer = new FrameSealer(ringOf(0, keys), CAMERA);
    const [before, later] = [await seal(sealer, frame()), await seal(sealer, frame())];
    const earlier = await seal(new FrameSealer(ringOf(0, old), CAMERA), frame());
    const ring = ringOf(1, old, keys);
    const opener = new FrameOpener(ring, CAMERA, 'ada', () => {});
    assert.ok(await opener.open(before));
    const sent = ring.takeSendKey('camera')?.counter;
    ring.setEpoch({
      ...keys,
      ownLeaf: 1,
      members: new Map([...MEMBERS].filter(([, name]) => name !== 'ada')),
    });
    assert.equal(await openNow(opener, later), undefined);
    assert.equal(await openNow(opener, earlier), undefined, 'the epoch before is accepted for a while');
    assert.equal(ring.takeSendKey('camera')?.counter, (sent ?? 0n) + 1n, 'counters go on');
    // A member that was excluded does not come back with the same epoch.
    ring.setEpoch({ ...keys, ownLeaf: 1 });
    assert.equal(await openNow(opener, later), undefined);
  });

  it('threat 43: a new group takes the place of the old one at once, although it counts from 0', async () => {
    const [old, next] = [epochKeys(3n, 'old'), epochKeys(0n, 'new')];
    const newcomer = ringOf(2, next);
    const sender = ringOf(0, old, next);
    const sealed = await seal(new FrameSealer(sender, CAMERA), frame());
    const eve = new FrameOpener(ringOf(2, old), CAMERA, 'ada', () => {});
    assert.equal(await openNow(eve, sealed), undefined, 'whoever has the old keys only cannot read it');
    const opener = new FrameOpener(newcomer, CAMERA, 'ada', () => {});
    assert.ok(await opener.open(sealed), 'whoever has the new keys only can');
    assert.equal(parseHeader(sealed)?.keyId, 0n);
  });

  it('frames of the old group are accepted for 5 s, although key ids of the new one are the same', async () => {
    const [old, next] = [epochKeys(1n, 'old'), epochKeys(1n, 'new')];
    const sealer = new FrameSealer(ringOf(0, old), CAMERA);
    const { ring, opener } = receiver(CAMERA, old);
    const [early, late] = [await seal(sealer, frame()), await seal(sealer, frame())];
    const fresh = await seal(new FrameSealer(ringOf(0, next), CAMERA), frame());
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      ring.setEpoch({ ...next, ownLeaf: 1 });
      assert.ok(await opener.open(fresh));
      mock.timers.tick(4999);
      assert.ok(await opener.open(early));
      mock.timers.tick(1);
      assert.equal(await opener.open(late), undefined);
    } finally {
      mock.timers.reset();
    }
    assert.deepEqual(refusals(opener), { forged: 1 });
  });

  it('however many groups follow one another, a frame costs two attempts', async () => {
    const groups = Array.from({ length: 20 }, (_, i) => epochKeys(1n, `group ${i}`));
    const { opener } = receiver(CAMERA, ...groups);
    const sealed = await seal(new FrameSealer(ringOf(0, epochKeys(1n)), CAMERA), frame());
    const decrypt = mock.method(crypto.subtle, 'decrypt');
    try {
      assert.equal(await opener.open(sealed), undefined);
      assert.equal(decrypt.mock.callCount(), 2);
    } finally {
      decrypt.mock.restore();
    }
  });

  it('a group that comes back does not begin an epoch again, whose counters were used', async () => {
    const [old, next] = [epochKeys(1n, 'old'), epochKeys(1n, 'new')];
    const ring = ringOf(0, old, next);
    const sealer = new FrameSealer(ring, CAMERA);
    await seal(sealer, frame());
    ring.setEpoch({ ...old, ownLeaf: 0 });
    assert.equal(parseHeader(await seal(sealer, frame()))?.counter, 1n);
  });

  it('frames of the next epoch wait for its key, in their order', async () => {
    const [old, next] = [epochKeys(255n), epochKeys(256n)];
    const sealer = new FrameSealer(ringOf(0, old, next), CAMERA);
    const { ring, opener, gaps } = receiver(CAMERA, old);
    const plain = frame();
    const waiting = opener.open(await seal(sealer, plain));
    ring.setEpoch({ ...next, ownLeaf: 1 });
    assert.deepEqual(await waiting, plain);
    assert.equal(gaps.count, 0);
  });

  it('a receiver that got the key too late asks for a key frame once', async () => {
    const [old, next] = [epochKeys(1n), epochKeys(2n)];
    const sealer = new FrameSealer(ringOf(0, old, next), MICROPHONE);
    const { ring, opener, gaps } = receiver(MICROPHONE, old);
    assert.equal(await opener.open(await seal(sealer, frame())), undefined);
    assert.equal(await opener.open(await seal(sealer, frame())), undefined);
    assert.deepEqual(refusals(opener), { early: 2 });
    ring.setEpoch({ ...next, ownLeaf: 1 });
    for (let count = 0; count < 3; count += 1) {
      assert.ok(await opener.open(await seal(sealer, frame())));
    }
    assert.equal(gaps.count, 1);
  });

  it('a sender switches at once, and its key id says so', async () => {
    const ring = ringOf(0, epochKeys(5n));
    const sealer = new FrameSealer(ring, CAMERA);
    assert.equal(parseHeader(await seal(sealer, frame()))?.keyId, 5n);
    ring.setEpoch({ ...epochKeys(6n), ownLeaf: 3 });
    assert.deepEqual(parseHeader(await seal(sealer, frame())), { keyId: 0x306n, counter: 0n, length: 3 });
  });
});

it('a replay window knows each of the last 2,048 counters', () => {
  const window = new ReplayWindow();
  assert.ok(window.accept(5000n));
  for (const counter of [5000n, 5000n - 2048n, 0n]) {
    assert.equal(window.accept(counter), false, String(counter));
  }
  assert.ok(window.accept(5000n - 2047n));
  assert.equal(window.accept(5000n - 2047n), false);
  assert.ok(window.accept(5001n));
  assert.equal(window.isFresh(5000n - 2047n), false);
  assert.ok(window.accept(5001n + 2048n));
  assert.ok(window.accept(5002n));
});

/** Opens a frame without waiting for an epoch that might come. */
async function openNow(opener: FrameOpener, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array | undefined> {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const opening = opener.open(data);
    mock.timers.runAll();
    return await opening;
  } finally {
    mock.timers.reset();
  }
}
