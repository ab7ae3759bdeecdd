import { type Clip, type ClipFrame, ONE_LAYER } from '../../client/node/index.ts';

/** One second of fake VP8 at 30 fps that no decoder can decode: three temporal layers, key frames at 0 and 16, identifiable frames. */
export function syntheticVp8(bytesPerFrame: number, height: number): Clip {
  const temporalLayers = [0, 2, 1, 2];
  const frames = Array.from({ length: 32 }, (_, index): ClipFrame => {
    const key = index % 16 === 0;
    const data = Buffer.alloc(key ? 4 * bytesPerFrame : bytesPerFrame, index);
    // Bit 0 of a VP8 frame is 0 on key frames, whose start code and size follow (RFC 6386 §9.1).
    data[0] = key ? 0x10 : 0x11;
    if (key) {
      data.set([0x9d, 0x01, 0x2a], 3);
      data.writeUInt16LE((height * 16) / 9, 6);
      data.writeUInt16LE(height, 8);
    }
    const temporalLayer = temporalLayers[index % 4] as number;
    return {
      ...ONE_LAYER,
      timestamp: index * 3000,
      key,
      temporalLayer,
      discardable: temporalLayer === 2,
      layerSync: index % 4 === 1 || index % 4 === 2,
      data,
    };
  });
  return {
    info: { codec: 'vp8', clockRateHz: 90_000, durationTicks: 32 * 3000, width: (height * 16) / 9, height },
    frames,
  };
}

/** One second of fake VP9 at 30 fps that no decoder can decode: three spatial layers, predicted from each other in key pictures only. */
export function syntheticVp9(): Clip {
  const resolutions = [180, 360, 720].map((height) => ({ width: (height * 16) / 9, height }));
  const frames = Array.from({ length: 96 }, (_, index): ClipFrame => {
    const spatialLayer = index % 3;
    const key = index % 48 < 3;
    return {
      ...ONE_LAYER,
      timestamp: Math.floor(index / 3) * 3000,
      key,
      temporalLayer: 0,
      spatialLayer,
      interLayerPredicted: key && spatialLayer > 0,
      notUsedAbove: !key || spatialLayer === 2,
      endOfPicture: spatialLayer === 2,
      ...(key && spatialLayer === 0 && { resolutions }),
      data: Buffer.alloc(100 * (spatialLayer + 1), index),
    };
  });
  return {
    info: {
      codec: 'vp9',
      clockRateHz: 90_000,
      durationTicks: 32 * 3000,
      width: 1280,
      height: 720,
      resolutions,
      scalabilityMode: 'L3T1_KEY',
    },
    frames,
  };
}

/** One second of fake Opus, with DTX (nothing sent) in its second half. */
export function syntheticOpus(): Clip {
  const packets = Array.from({ length: 25 }, (_, index) => ({
    audioLevel: 30,
    data: Buffer.alloc(80, index),
  }));
  return opusClip(packets, 48_000);
}

/** A clip of consecutive 20 ms packets. */
export function opusClip(
  packets: ReadonlyArray<Pick<ClipFrame, 'audioLevel' | 'data'>>,
  durationTicks = packets.length * 960,
): Clip {
  return {
    info: { codec: 'opus', clockRateHz: 48_000, durationTicks },
    frames: packets.map((packet, index) => ({ ...ONE_LAYER, ...packet, timestamp: index * 960, key: true })),
  };
}
