import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { types } from 'mediasoup-client';
import { parseVp8, parseVp9 } from '../../base/rtp/index.ts';
import { startMediaServer, until } from '../../test/support/media-server.ts';
import { syntheticOpus, syntheticVp8, syntheticVp9 } from '../../test/support/synthetic-clips.ts';
import { ClipTrack, type InboundStream, ReceivedTrack } from './index.ts';

function streamOf(consumer: types.Consumer): InboundStream {
  assert.ok(consumer.track instanceof ReceivedTrack);
  return consumer.track.stream;
}

test('audio passes through a real worker without loss, with its level, and its delay is measured', async (t) => {
  const server = await startMediaServer(t);
  const [alice, bob] = [await server.peer(), await server.peer()];
  const track = new ClipTrack({ clips: [syntheticOpus()] });
  const producer = await alice.send.produce({ track, stopTracks: false });
  const { consumer } = await bob.consume(producer.id);
  const stream = streamOf(consumer);
  const observer = await server.router.createAudioLevelObserver({ interval: 300, threshold: -80 });
  await observer.addProducer({ producerId: producer.id });
  const volume = new Promise<number>((resolve) =>
    observer.once('volumes', ([first]) => resolve(first?.volume ?? 0)),
  );
  await until(() => stream.counters.packets > 50, '50 packets came');
  assert.equal(stream.counters.lostPackets, 0);
  assert.equal(await volume, -30);
  assert.ok(stream.oneWayDelay.count > 40);
  assert.ok(stream.oneWayDelay.quantileMs(0.5) < 100, `${stream.oneWayDelay.quantileMs(0.5)} ms`);
});

test('simulcast arrives as three streams, and the receiver follows when the server switches', async (t) => {
  const server = await startMediaServer(t);
  const [alice, bob] = [await server.peer(), await server.peer()];
  const clips = [syntheticVp8(200, 180), syntheticVp8(500, 360), syntheticVp8(900, 720)] as const;
  const track = new ClipTrack({ clips: [...clips] });
  const producer = await alice.send.produce({
    track,
    stopTracks: false,
    encodings: [{ maxBitrate: 100_000 }, { maxBitrate: 300_000 }, { maxBitrate: 900_000 }],
  });
  const serverProducer = alice.producers.get(producer.id);
  assert.equal(serverProducer?.type, 'simulcast');
  const { consumer, serverConsumer } = await bob.consume(producer.id);
  await serverConsumer.setPreferredLayers({ spatialLayer: 0, temporalLayer: 2 });
  const stream = streamOf(consumer);
  const heights: number[] = [];
  stream.tap = ({ payload }) => {
    const frame = parseVp8(payload);
    if (frame?.keyFrame) {
      heights.push(frame.data.readUInt16LE(8) & 0x3fff);
    }
  };
  await until(() => heights.includes(180), 'a key frame of the lowest layer came');
  await serverConsumer.setPreferredLayers({ spatialLayer: 1, temporalLayer: 2 });
  await until(() => heights.includes(360), 'a key frame of the middle layer came');
  assert.equal(track.streams.length, 3);
  const stats = await serverProducer?.getStats();
  assert.equal(stats?.length, 3);
  assert.equal(stream.counters.lostPackets, 0);
});

test('a single encoding with temporal layers arrives', async (t) => {
  const server = await startMediaServer(t);
  const [alice, bob] = [await server.peer(), await server.peer()];
  const track = new ClipTrack({ clips: [syntheticVp8(300, 180)] });
  const producer = await alice.send.produce({
    track,
    stopTracks: false,
    encodings: [{ scalabilityMode: 'L1T3' }],
  });
  const { consumer, serverConsumer } = await bob.consume(producer.id);
  assert.equal(serverConsumer.type, 'svc');
  await until(() => streamOf(consumer).counters.packets > 20, '20 packets came');
});

test('a key frame request rewinds the clip, and numbering continues', async (t) => {
  const server = await startMediaServer(t);
  const [alice, bob] = [await server.peer(), await server.peer()];
  const track = new ClipTrack({ clips: [syntheticVp8(300, 180)] });
  const producer = await alice.send.produce({ track, stopTracks: false });
  const { consumer } = await bob.consume(producer.id);
  const stream = streamOf(consumer);
  const pictureIds: number[] = [];
  const timestamps: number[] = [];
  const bodies: number[] = [];
  stream.tap = ({ payload, header }) => {
    const frame = parseVp8(payload);
    if (!frame?.start || frame.pictureId === undefined) {
      return;
    }
    pictureIds.push(frame.pictureId);
    timestamps.push(header.timestamp);
    bodies.push(frame.data.at(-1) as number);
  };
  // Key frames are at 0 and 16 of 32, so a rewind from frame 8 or later goes back to 0.
  await until(() => bodies.length > 40 && bodies.at(-1) === 8, 'the clip is in the middle of its group');
  const before = bodies.length;
  stream.requestKeyFrame();
  await until(() => bodies.slice(before).includes(0), 'the key frame came');
  const at = bodies.indexOf(0, before);
  assert.ok(bodies[at - 1] !== 31, 'it came by the request and not by the loop');
  for (let index = 1; index < pictureIds.length; index++) {
    assert.equal(((pictureIds[index] as number) - (pictureIds[index - 1] as number)) & 0x7fff, 1);
    assert.equal(((timestamps[index] as number) - (timestamps[index - 1] as number)) >>> 0, 3000);
  }
});

test('transport-wide feedback makes the server’s estimate grow', async (t) => {
  const server = await startMediaServer(t);
  const [alice, bob] = [await server.peer(), await server.peer()];
  const clips = [syntheticVp8(400, 180), syntheticVp8(2000, 360), syntheticVp8(6000, 720)] as const;
  const producer = await alice.send.produce({
    track: new ClipTrack({ clips: [...clips] }),
    stopTracks: false,
    encodings: [{}, {}, {}],
  });
  const { consumer } = await bob.consume(producer.id);
  const estimate = async () => (await bob.serverRecv.getStats())[0]?.availableOutgoingBitrate ?? 0;
  await until(async () => (await estimate()) > 1_200_000, 'the estimate is above 1.2 Mbit/s', 20_000);
  assert.equal(streamOf(consumer).counters.lostPackets, 0);
});

test('a suspended encoding stops on the wire and resumes with a key frame', async (t) => {
  const server = await startMediaServer(t);
  const alice = await server.peer();
  const track = new ClipTrack({ clips: [syntheticVp8(200, 180), syntheticVp8(500, 360)] });
  const producer = await alice.send.produce({ track, stopTracks: false, encodings: [{}, {}] });
  const packets = (index: number) => track.streams[index]?.counters.packets ?? 0;
  await until(() => packets(0) > 5 && packets(1) > 5, 'both are sent');
  const { rtpSender } = producer;
  assert.ok(rtpSender);
  const setActive = async (active: boolean) => {
    const parameters = rtpSender.getParameters();
    const upper = parameters.encodings[1];
    assert.ok(upper);
    upper.active = active;
    await rtpSender.setParameters(parameters);
  };
  await setActive(false);
  const [lower, upper] = [packets(0), packets(1)];
  await until(() => packets(0) > lower + 10, 'the lower one goes on');
  assert.equal(packets(1), upper);
  await setActive(true);
  await until(() => packets(1) > upper, 'the upper one is back');
});

test('unwanted spatial layers of VP9 are not sent, and resume with a key picture', async (t) => {
  const server = await startMediaServer(t);
  const [alice, bob] = [await server.peer(), await server.peer()];
  const track = new ClipTrack({ clips: [syntheticVp9()] });
  const encodings = [{ scalabilityMode: 'L3T1_KEY' }];
  const producer = await alice.send.produce({ track, stopTracks: false, encodings });
  const { consumer } = await bob.consume(producer.id);
  /** The received packets. */
  const packets: Array<{ layer: number; ends: boolean; key: boolean }> = [];
  streamOf(consumer).tap = ({ payload, header }) => {
    const frame = parseVp9(payload);
    if (frame) {
      packets.push({ layer: frame.spatialLayer, ends: header.marker, key: frame.keyFrame });
    }
  };
  const sends = async (scalabilityMode: string) => {
    const { rtpSender } = producer;
    assert.ok(rtpSender);
    const parameters = rtpSender.getParameters();
    parameters.encodings = parameters.encodings.map((encoding) => ({ ...encoding, scalabilityMode }));
    await rtpSender.setParameters(parameters);
  };
  await until(() => packets.some(({ layer }) => layer === 2), 'all layers come');
  await sends('L1T1');
  await until(() => packets.length > 20 && packets.slice(-20).every(({ layer }) => layer === 0), 'one comes');
  assert.ok(
    packets.slice(-10).every(({ ends }) => ends),
    'each completes its picture',
  );
  const before = packets.length;
  await sends('L3T1_KEY');
  await until(() => packets.slice(before).some(({ layer }) => layer === 2), 'all come again');
  const highest = packets.findIndex(({ layer }, index) => index >= before && layer === 2);
  assert.ok(packets.slice(before, highest).some(({ key }) => key));
  assert.equal(streamOf(consumer).counters.lostPackets, 0);
});
