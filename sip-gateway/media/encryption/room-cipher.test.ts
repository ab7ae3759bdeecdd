import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
// biome-ignore lint/plugin: what clients do with the same keys
import { FrameOpener, FrameSealer } from '../../../client/sdk/encryption/media/frame-cipher.ts';
// biome-ignore lint/plugin: the same
import { mediaKeys } from '../../../client/sdk/encryption/media/media-keys.ts';
import { type EpochKeys, encodeHeader } from '../../../contract/sframe/index.ts';
import { AudioKey } from './audio-key.ts';
import { RoomCipher } from './room-cipher.ts';

const GATEWAY = 'device gateway';
const ANN = 'device ann';
const BOB = 'device bob';
const SSRC = 7;
const MICROPHONE = { codec: 'opus', source: 'microphone' } as const;
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

/** The keys of an epoch in which the gateway has leaf 0, Ann 1 and Bob 2. */
function keysOf(epoch: number, ownLeaf = 0): EpochKeys {
  return {
    groupId: 'group',
    epoch: BigInt(epoch),
    baseKeys: {
      AES_128_GCM_SHA256_128: new Uint8Array(16).fill(epoch),
      AES_128_CTR_HMAC_SHA256_80: new Uint8Array(48).fill(epoch + 1),
    },
    ownLeaf,
    members: new Map([GATEWAY, ANN, BOB].entries()),
  };
}

const epochOf = (epoch: number) => ({ keys: keysOf(epoch), counter: new SharedArrayBuffer(8) });

/** The gateway's cipher in an epoch, with Ann's microphone as its source. */
function gateway(...epochs: number[]): RoomCipher {
  const cipher = new RoomCipher();
  cipher.setEpochs(epochs.map(epochOf));
  cipher.setSources([{ ssrc: SSRC, memberId: ANN, source: 'microphone' }]);
  return cipher;
}

/** A client's ring in an epoch. */
function ring(epoch: number, ownLeaf = 1) {
  const keys = mediaKeys();
  keys.setEpoch(keysOf(epoch, ownLeaf));
  return keys;
}

const frame = (length = 60) => new Uint8Array(length).map((_, at) => at);

async function sealedBy(epoch: number, leaf: number, source: 'microphone' | 'screen-audio' = 'microphone') {
  const sealer = new FrameSealer(ring(epoch, leaf), { codec: 'opus', source });
  const sealed = await sealer.seal(frame());
  assert.ok(sealed);
  return sealed;
}

describe('the encryption of phones’ audio', () => {
  it('agrees with the vectors of RFC 9605', () => {
    const vectors = JSON.parse(
      readFileSync(
        new URL('../../../client/sdk/encryption/media/rfc9605-vectors.json', import.meta.url),
        'utf8',
      ),
    ) as { sframe: Array<Record<string, string> & { cipher_suite: number }> };
    const [vector] = vectors.sframe.filter(({ cipher_suite }) => cipher_suite === 1);
    assert.ok(vector);
    const { base_key = '', kid = '', ctr = '', metadata = '', pt = '', ct = '' } = vector;
    const key = new AudioKey(bytes(base_key), BigInt(kid));
    const header = encodeHeader(BigInt(kid), BigInt(ctr));
    const aad = Buffer.concat([header, bytes(metadata)]);
    const sealed = key.seal(BigInt(ctr), aad, bytes(pt));
    assert.equal(Buffer.concat([header, sealed]).toString('hex'), ct);
    assert.equal(key.open(BigInt(ctr), aad, sealed)?.toString('hex'), pt);
  });

  it('clients open what the gateway seals, and the gateway what clients seal', async () => {
    const cipher = gateway(3);
    const sealed = cipher.seal(frame());
    assert.ok(sealed);
    const opener = new FrameOpener(ring(3), MICROPHONE, GATEWAY, () => {});
    assert.deepEqual(await opener.open(new Uint8Array(sealed)), frame());
    assert.deepEqual(new Uint8Array(cipher.open(await sealedBy(3, 1), SSRC) as Uint8Array), frame());
    assert.deepEqual(cipher.counts, { encrypted: 1, decrypted: 1, refused: {} });
  });

  it('threat 44: sends nothing without a key, nor after the keys were forgotten', () => {
    const cipher = gateway();
    assert.equal(cipher.seal(frame()), null);
    cipher.setEpochs([epochOf(1)]);
    assert.ok(cipher.seal(frame()));
    cipher.setEpochs([]);
    assert.equal(cipher.seal(frame()), null);
    assert.deepEqual(cipher.counts.refused, { 'no-key': 2 });
  });

  it('threat 44: accepts only what the announced member has encrypted for its source, once', async () => {
    const cipher = gateway(3);
    const good = await sealedBy(3, 1);
    assert.equal(cipher.open(good, SSRC + 1), 'unknown-source');
    assert.equal(cipher.open(await sealedBy(3, 2), SSRC), 'wrong-sender');
    assert.equal(cipher.open(await sealedBy(3, 1, 'screen-audio'), SSRC), 'forged');
    assert.equal(cipher.open(await sealedBy(4, 1), SSRC), 'early');
    assert.equal(cipher.open(await sealedBy(2, 1), SSRC), 'unknown-key');
    // Clear Opus, and cut off.
    for (const clear of [new Uint8Array(), Uint8Array.of(0xf8), good.slice(0, 8)]) {
      assert.equal(cipher.open(clear, SSRC), 'malformed');
    }
    assert.equal(
      typeof cipher.open(
        Uint8Array.from({ length: 80 }, () => 0x78),
        SSRC,
      ),
      'string',
    );
    for (let bit = 0; bit < 8 * good.length; bit += 1) {
      const changed = Uint8Array.from(good);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(typeof cipher.open(changed, SSRC), 'string', `bit ${bit}`);
    }
    assert.equal(cipher.counts.decrypted, 0);
    assert.ok(cipher.open(good, SSRC) instanceof Uint8Array);
    assert.equal(cipher.open(good, SSRC), 'replayed');
  });

  it('threat 44: uses no counter twice, in whichever thread it goes on', () => {
    const epoch = epochOf(1);
    const [first, second] = [new RoomCipher(), new RoomCipher()];
    for (const cipher of [first, second]) {
      cipher.setEpochs([epoch]);
    }
    const sealed = [first, second, first, second].map((cipher) => Buffer.from(cipher.seal(frame()) ?? []));
    assert.equal(new Set(sealed.map((each) => each.toString('hex'))).size, 4);
  });

  it('goes on with the keys of the epoch before for what was sent before', async () => {
    const cipher = gateway(1, 2);
    for (const epoch of [1, 2]) {
      assert.ok(cipher.open(await sealedBy(epoch, 1), SSRC) instanceof Uint8Array);
    }
  });
});
