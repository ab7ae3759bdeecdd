import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { searchMemory } from '../support/process-memory.ts';
import { RelayedServer } from '../support/relayed-server.ts';
import { eventually } from '../support/wait.ts';
import { type CallMember, EncryptedCall, type TestKeys } from './encrypted-call.ts';
import { Watcher } from './watcher.ts';

const TONE_HZ = 620;
const LOSSY = { delayMs: 20, loss: { kind: 'random' as const, share: 0.03 } };

function keysFor(members: readonly CallMember[], epoch: number): TestKeys {
  return {
    epoch,
    video: randomBytes(16).toString('hex'),
    audio: randomBytes(48).toString('hex'),
    members: members.map(({ participantId }) => participantId),
  };
}

describe('media that is encrypted end to end', () => {
  let network: RelayedServer;
  let call: EncryptedCall;
  let ada: CallMember;
  let bob: CallMember;
  let eve: CallMember;
  let keys: TestKeys;

  before(async () => {
    network = await RelayedServer.start();
    call = await EncryptedCall.open(network.server, TONE_HZ);
    [ada, bob, eve] = await Promise.all([call.person('Ada'), call.person('Bob'), call.person('Eve')]);
    for (const member of [ada, bob, eve]) {
      await member.enter({ roomId: 'encrypted', way: 'encrypted' });
    }
    keys = keysFor([ada, bob], 1);
    await ada.setEpoch(keys);
    await bob.setEpoch(keys);
    // Eve has keys of her own.
    await eve.setEpoch(keysFor([ada, eve], 1));
  });

  after(async () => {
    await call?.close();
    await network?.close();
  });

  const serverPids = async () => [network.server.pid, ...(await network.server.workerPids())];

  it('is seen and heard by members: VP9 in layers, and Opus', async () => {
    await ada.send('microphone');
    await ada.send('camera');
    await bob.sees('camera');
    assert.equal(await bob.codecOf('camera'), 'video/VP9');
    await bob.person.hears('Ada', TONE_HZ);
  });

  it('is neither seen nor heard by those who have other keys', async () => {
    for (const source of ['camera', 'microphone']) {
      const { passed } = await eve.receives(
        source,
        'is refused',
        ({ refused }) => (refused.forged ?? 0) > 10,
      );
      assert.equal(passed, 0);
    }
    const camera = (await eve.received()).find(({ source }) => source === 'camera');
    assert.equal(camera?.decoded, 0);
    const heard = await eve.person.hear('Ada');
    assert.ok((heard?.levelDb ?? -200) < -90, `${heard?.levelDb} dBFS`);
  });

  it('goes on through a new epoch, which those who are removed do not decrypt', async () => {
    const before = await bob.receives('camera', 'is received', ({ passed }) => passed > 0);
    keys = keysFor([ada, bob], 2);
    // The order in which a commit reaches people is not that of the media.
    await ada.setEpoch(keys);
    await bob.setEpoch(keys);
    await bob.sees('camera', 20);
    await bob.person.hears('Ada', TONE_HZ);
    const { refused } = await bob.receives('camera', 'is received', ({ passed }) => passed > before.passed);
    assert.equal(refused.forged ?? 0, 0);
  });

  it('appears to someone whose key comes after the first frames, from a key frame that is asked for', async () => {
    const carl = await call.person('Carl');
    await carl.enter({ roomId: 'encrypted', way: 'encrypted' });
    const { passed } = await carl.receives('camera', 'is refused', ({ refused }) => (refused.early ?? 0) > 5);
    assert.equal(passed, 0);
    keys = keysFor([ada, bob, carl], 3);
    await Promise.all([carl, ada, bob].map((member) => member.setEpoch(keys)));
    await carl.sees('camera');
    await bob.sees('camera');
    await carl.page.close();
  });

  it('works for a screen', async () => {
    await ada.send('screen', 'vp9');
    await bob.sees('screen');
  });

  it('as VP8 survives switches of layers, suspension and losses as it does without encryption', async () => {
    await ada.stop('camera');
    await ada.send('camera', 'vp8');
    await bob.sees('camera');
    await bob.prefers('camera', 0);
    const { height: lowest } = await bob.receives('camera', 'is small', ({ height }) => height < 200);
    await bob.sees('camera');
    await bob.prefers('camera', 1);
    await bob.receives('camera', 'is larger', ({ height }) => height > 1.5 * lowest);
    await bob.sees('camera');
    await bob.setReceiving('camera', false);
    await bob.setReceiving('camera', true);
    await bob.sees('camera', 20);
    network.relay.shape({ up: LOSSY, down: LOSSY });
    await bob.sees('camera', 30);
    network.relay.shape({ up: {}, down: {} });
    const lost = network.relay.counters.reduce(
      (sum, { up, down }) => sum + up.lostPackets + down.lostPackets,
      0,
    );
    assert.ok(lost > 0);
    const { refused } = await bob.receives('camera', 'is received', ({ passed }) => passed > 0);
    assert.equal(refused.forged ?? 0, 0);
  });

  it('is not sent with codecs whose frames servers or browsers read', async () => {
    await assert.rejects(ada.send('camera', 'h264'), /CODEC_UNSUPPORTED|not supported/);
    await bob.sees('camera');
  });

  it('is nothing that the server could read: no piece of a frame is in what it forwards', async () => {
    const watcher = await Watcher.enter(network.server, 'encrypted');
    await watcher.until(({ packets }) => packets > 200);
    const pieces = await ada.sentPieces();
    await watcher.leave();
    assert.ok(pieces.length > 300, `${pieces.length} pieces`);
    assert.equal(watcher.count(pieces), 0);
  });

  it('is nowhere in the memory of the server and its media worker', async (t) => {
    const pieces = await ada.sentPieces();
    assert.ok(pieces.length > 300, `${pieces.length} pieces`);
    for (const pid of await serverPids()) {
      const { found, searchedBytes } = searchMemory(pid, pieces);
      t.diagnostic(`${pieces.length} pieces in ${Math.round(searchedBytes / 1e6)} MB`);
      assert.ok(searchedBytes > 10e6);
      assert.equal(found, 0);
    }
  });

  it('would be found by these searches if it were not encrypted', async (t) => {
    await ada.leave();
    const watcher = await Watcher.enter(network.server, 'clear');
    await ada.enter({ roomId: 'clear', way: 'tapped' });
    await ada.send('microphone');
    await ada.send('camera', 'vp8');
    await watcher.until(({ packets }) => packets > 200);
    const [worker = 0] = await network.server.workerPids();
    const inWorker = await eventually(
      'pieces in the memory of the media worker',
      async () => searchMemory(worker, await ada.sentPieces()).found,
      (found) => found > 10,
    );
    const pieces = await ada.sentPieces();
    await watcher.leave();
    assert.ok(watcher.count(pieces) > 100, `${watcher.count(pieces)} of ${pieces.length} pieces`);
    // The server's own process sees no media in either case. What it does see is found in it.
    const known = Buffer.from(ada.participantId).subarray(0, 24).toString('hex');
    assert.equal(searchMemory(network.server.pid, [known]).found, 1);
    t.diagnostic(`${inWorker} pieces in the media worker`);
  });
});
