import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../base/index.ts';
import { type EpochKeys, parseHeader } from '../../contract/sframe/index.ts';
// biome-ignore lint/plugin: what media threads do with the keys
import { RoomCipher } from '../media/encryption/index.ts';
import type { Requests } from '../media/index.ts';
import { BridgeEncryption } from './bridge-encryption.ts';

const MEMBERS = ['device gateway', 'device ann', 'device eve'];
const ANN = 1;
const EVE = 2;

/** The keys of an epoch, with the leaves of MEMBERS. */
function keysOf(epoch: number, { ownLeaf = 0, without }: { ownLeaf?: number; without?: number } = {}) {
  return {
    groupId: 'group',
    epoch: BigInt(epoch),
    baseKeys: {
      AES_128_GCM_SHA256_128: new Uint8Array(16).fill(epoch),
      AES_128_CTR_HMAC_SHA256_80: new Uint8Array(48).fill(epoch),
    },
    ownLeaf,
    members: new Map([...MEMBERS.entries()].filter(([leaf]) => leaf !== without)),
  } satisfies EpochKeys;
}

describe('the gateway’s keys of a room', () => {
  /** What the media thread was told last. */
  let told: Requests['room.keys']['args']['epochs'];
  let thread: RoomCipher;
  let encryption: BridgeEncryption;

  /** A media thread's cipher, with a source of each member; its SSRC is the member's leaf. */
  const cipher = () => {
    const started = new RoomCipher();
    started.setSources(MEMBERS.map((memberId, ssrc) => ({ ssrc, memberId, source: 'microphone' })));
    return started;
  };
  /** Whether a thread accepts what a member says in an epoch. */
  const hears = (listener: RoomCipher, leaf: number, epoch: number, counter: number) => {
    const speaker = new RoomCipher();
    const shared = new SharedArrayBuffer(8);
    new BigUint64Array(shared)[0] = BigInt(counter);
    speaker.setEpochs([{ keys: keysOf(epoch, { ownLeaf: leaf }), counter: shared }]);
    const sealed = speaker.seal(new Uint8Array(40));
    speaker.close();
    assert.ok(sealed);
    return typeof listener.open(sealed, leaf) !== 'string';
  };
  const counterOf = (sealed: Uint8Array | null) => sealed && parseHeader(sealed)?.counter;

  beforeEach(() => {
    told = [];
    thread = cipher();
    encryption = new BridgeEncryption({
      roomId: 'team',
      pool: {
        request: async (name, args) => {
          if (name === 'room.keys') {
            told = (args as Requests['room.keys']['args']).epochs;
            thread.setEpochs(told);
          }
          return null as never;
        },
      },
      log: createLogger({ level: 'silent', format: 'json' }),
      onFailed: () => assert.fail('the encryption failed'),
    });
    encryption.opened();
  });

  it('threat 24: drops what a revoked member says, in its epoch and the one before', () => {
    encryption.setEpoch(keysOf(1));
    encryption.setEpoch(keysOf(2));
    assert.ok(hears(thread, EVE, 1, 0) && hears(thread, EVE, 2, 0));
    encryption.setEpoch(keysOf(2, { without: EVE }));
    assert.ok(!hears(thread, EVE, 1, 1) && !hears(thread, EVE, 2, 1));
    assert.ok(hears(thread, ANN, 1, 0) && hears(thread, ANN, 2, 0));
    thread.close();
  });

  it('threat 24: drops it in a media thread that has been restarted, too, and uses no counter twice', () => {
    encryption.setEpoch(keysOf(1));
    encryption.setEpoch(keysOf(2));
    assert.equal(counterOf(thread.seal(new Uint8Array(40))), 0n);
    encryption.setEpoch(keysOf(2, { without: EVE }));
    assert.equal(counterOf(thread.seal(new Uint8Array(40))), 1n);
    const restarted = cipher();
    restarted.setEpochs(told);
    assert.ok(!hears(restarted, EVE, 1, 0) && !hears(restarted, EVE, 2, 0));
    assert.ok(hears(restarted, ANN, 1, 0) && hears(restarted, ANN, 2, 0));
    assert.equal(counterOf(restarted.seal(new Uint8Array(40))), 2n);
    thread.close();
    restarted.close();
  });

  it('an earlier epoch, or the same once more, changes nothing', () => {
    encryption.setEpoch(keysOf(1));
    encryption.setEpoch(keysOf(2));
    encryption.setEpoch(keysOf(1));
    encryption.setEpoch(keysOf(2));
    assert.deepEqual(
      told.map(({ keys: { epoch, members } }) => [epoch, members.size]),
      [
        [1n, 3],
        [2n, 3],
      ],
    );
    assert.ok(hears(thread, EVE, 2, 0));
    thread.close();
  });
});
