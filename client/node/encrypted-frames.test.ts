import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { startMediaServer, until } from '../../test/support/media-server.ts';
import { syntheticOpus, syntheticVp8, syntheticVp9 } from '../../test/support/synthetic-clips.ts';
import { type EpochKeys, type MediaSource, openMediaEncryption } from '../sdk/index.ts';
import { type Clip, ClipTrack, ReceivedTrack } from './index.ts';

const baseKeys = {
  AES_128_GCM_SHA256_128: randomBytes(16),
  AES_128_CTR_HMAC_SHA256_80: randomBytes(48),
};
const members = new Map([
  [0, 'alice'],
  [1, 'bob'],
]);

function epochKeys(ownLeaf: number): EpochKeys {
  return { groupId: 'group', epoch: 1n, baseKeys, ownLeaf, members };
}

const CASES: Array<[string, MediaSource, Clip]> = [
  ['opus', 'microphone', syntheticOpus()],
  ['vp8', 'camera', syntheticVp8(3000, 360)],
  ['vp9', 'camera', syntheticVp9()],
];

for (const [codec, source, clip] of CASES) {
  test(`frames of ${codec} that were encrypted arrive whole, as they were, and only with the key`, async (t) => {
    const server = await startMediaServer(t);
    const [alice, bob, eve] = [await server.peer(), await server.peer(), await server.peer()];
    const [sending, receiving] = [await openMediaEncryption(), await openMediaEncryption()];
    sending.setEpoch(epochKeys(0));
    receiving.setEpoch(epochKeys(1));
    const { kind } = new ClipTrack({ clips: [clip] });
    const media = {
      source,
      kind: kind === 'audio' ? 'audio' : 'video',
      codec,
      participantId: 'alice',
    } as const;
    const producer = await alice.send.produce({
      track: new ClipTrack({ clips: [clip] }),
      stopTracks: false,
      onRtpSender: (sender) => sending.transforms.sender?.(sender, media),
    });
    const known = new Set(clip.frames.map(({ data }) => data.toString('hex')));
    const received = { bob: [] as string[], eve: [] as string[] };
    for (const [name, peer] of [
      ['bob', bob],
      ['eve', eve],
    ] as const) {
      const { consumer } = await peer.consume(producer.id);
      assert.ok(consumer.track instanceof ReceivedTrack);
      const { stream } = consumer.track;
      if (name === 'bob') {
        const requestKeyFrame = () => stream.requestKeyFrame();
        const end = stream as unknown as RTCRtpReceiver;
        receiving.transforms.receiver?.(end, { ...media, deviceId: undefined, requestKeyFrame });
      }
      stream.onFrame = ({ data }) => received[name].push(Buffer.from(data).toString('hex'));
    }
    await until(() => received.bob.length > 40 && received.eve.length > 40, 'frames came');
    assert.ok(received.bob.every((frame) => known.has(frame)));
    assert.equal(received.eve.filter((frame) => known.has(frame)).length, 0);
    const [track] = await receiving.getTracks();
    assert.ok((track?.passed ?? 0) > 40);
    assert.deepEqual(track?.refused, {});
  });
}
