import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { types } from 'mediasoup-client';
import type { VideoCodec } from '../../base/rtp/index.ts';
import { ClipTrack, ReceivedTrack } from '../../client/node/index.ts';
import { startMediaServer, until } from '../../test/support/media-server.ts';
import { type ClipName, loadClip } from '../clips/index.ts';
import { UdpRelay } from '../relay/index.ts';
import { decode, StreamRecorder } from './index.ts';

async function trackOf(names: ClipName[]): Promise<ClipTrack> {
  const [first, ...rest] = await Promise.all(names.map(loadClip));
  assert.ok(first);
  return new ClipTrack({ clips: [first, ...rest] });
}

function streamOf(consumer: types.Consumer) {
  assert.ok(consumer.track instanceof ReceivedTrack);
  return consumer.track.stream;
}

const SIMULCAST = [{}, {}, {}];
const CASES: Array<{ codec: VideoCodec; clips: ClipName[]; encodings: types.RtpEncodingParameters[] }> = [
  { codec: 'vp8', clips: ['vp8-180p', 'vp8-360p', 'vp8-720p'], encodings: SIMULCAST },
  { codec: 'vp9', clips: ['vp9-svc'], encodings: [{ scalabilityMode: 'L3T3_KEY' }] },
  { codec: 'h264', clips: ['h264-180p', 'h264-360p', 'h264-720p'], encodings: SIMULCAST },
];

// Side by side, since each waits for its stream.
describe('what a receiver records', { concurrency: true }, () => {
  for (const { codec, clips, encodings } of CASES) {
    test(`${codec} is decoded without a fault over key-frame requests and layer switches`, async (t) => {
      const server = await startMediaServer(t);
      const [alice, bob] = [await server.peer(), await server.peer()];
      const producer = await alice.send.produce({
        track: await trackOf(clips),
        stopTracks: false,
        encodings: structuredClone(encodings),
      });
      const { consumer, serverConsumer } = await bob.consume(producer.id);
      assert.equal(serverConsumer.type, codec === 'vp9' ? 'svc' : 'simulcast');
      const stream = streamOf(consumer);
      const recorder = new StreamRecorder(stream, codec);
      for (const [spatialLayer, temporalLayer] of [
        [0, 2],
        [1, 2],
        [1, 0],
        [0, 1],
      ] as const) {
        await serverConsumer.setPreferredLayers({
          spatialLayer,
          temporalLayer: codec === 'h264' ? 0 : temporalLayer,
        });
        await until(
          () => serverConsumer.currentLayers?.spatialLayer === spatialLayer,
          `layer ${spatialLayer} is forwarded`,
        );
        await serverConsumer.requestKeyFrame();
        const before = stream.counters.packets;
        await until(() => stream.counters.packets > before + 40, 'more packets came');
      }
      const recording = recorder.finish();
      const result = await decode(recording);
      assert.deepEqual(result.complaints.slice(0, 3), []);
      assert.equal(recording.incompleteFrames, 0);
      assert.equal(result.decodedFrames, result.sentFrames);
      assert.ok(result.sentFrames > 60, `${result.sentFrames} frames`);
      assert.ok(result.distinctFrames > result.decodedFrames * 0.9);
    });
  }

  test('behind a relay that loses 5 % both ways, retransmission brings every frame', async (t) => {
    const server = await startMediaServer(t, { announcedAddress: '127.0.0.2' });
    const lossy = [{ atMs: 0, profile: { delayMs: 10, loss: { kind: 'random' as const, share: 0.05 } } }];
    const relay = await UdpRelay.create({
      listen: { address: '127.0.0.2', port: server.port },
      upstream: { address: '127.0.0.1', port: server.port },
      up: lossy,
      down: lossy,
      seed: 11,
    });
    t.after(() => relay.close());
    const [alice, bob] = [await server.peer(), await server.peer()];
    const producer = await alice.send.produce({ track: await trackOf(['vp8-360p']), stopTracks: false });
    const { consumer } = await bob.consume(producer.id);
    const stream = streamOf(consumer);
    await until(() => stream.counters.packets > 0, 'media flows');
    const recorder = new StreamRecorder(stream, 'vp8');
    stream.requestKeyFrame();
    await until(() => stream.counters.packets > 300, '300 packets came', 20_000);
    await until(() => !stream.isWaiting, 'the last gaps are closed');
    const recording = recorder.finish();
    assert.ok(stream.counters.repairedPackets > 0, 'something was repaired');
    assert.ok(relay.counters.some(({ down }) => down.lostPackets > 0));
    const result = await decode(recording);
    assert.deepEqual(result.complaints.slice(0, 3), []);
    assert.equal(recording.incompleteFrames, 0);
    assert.equal(result.decodedFrames, result.sentFrames);
  });
});
