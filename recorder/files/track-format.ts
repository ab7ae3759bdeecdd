import {
  type FrameSize,
  h264Samples,
  nalUnits,
  type VideoCodec,
  type VideoFrame,
} from '../../base/rtp/index.ts';

/** What a track's file has to say about its packets. */
export type TrackFormat =
  | {
      kind: 'video';
      codec: 'vp8' | 'vp9' | 'avc';
      container: 'webm' | 'mkv';
      decoderConfig: {
        codec: string;
        codedWidth: number;
        codedHeight: number;
        /** H264: the decoder configuration record (ISO/IEC 14496-15 §5.3.3.1). */
        description?: Uint8Array;
      };
    }
  | {
      kind: 'audio';
      codec: 'opus';
      container: 'webm';
      decoderConfig: { codec: 'opus'; sampleRate: number; numberOfChannels: number; description: Uint8Array };
    };

/** Size announced where a key frame does not tell. Players take that of the frames. */
const ASSUMED_SIZE: FrameSize = { width: 1280, height: 720 };

/** The format of a track that begins with this key frame; undefined: it lacks its parameter sets, or is empty. */
export function videoFormat(
  codec: VideoCodec,
  { data, size = ASSUMED_SIZE }: VideoFrame,
): TrackFormat | undefined {
  if (size.width === 0 || size.height === 0) {
    return undefined;
  }
  const coded = { codedWidth: size.width, codedHeight: size.height };
  switch (codec) {
    case 'vp8':
      return { kind: 'video', codec, container: 'webm', decoderConfig: { codec: 'vp8', ...coded } };
    case 'vp9':
      // Profile 0, level 3.1, 8 bits.
      return { kind: 'video', codec, container: 'webm', decoderConfig: { codec: 'vp09.00.31.08', ...coded } };
    case 'h264': {
      const description = avcDescription(data);
      if (description === undefined) {
        return undefined;
      }
      const profile = Buffer.from(description.subarray(1, 4)).toString('hex');
      return {
        kind: 'video',
        codec: 'avc',
        container: 'mkv',
        decoderConfig: { codec: `avc1.${profile}`, ...coded, description },
      };
    }
  }
}

/** The format of Opus in stereo or mono: decoders take either. */
export function audioFormat(): TrackFormat {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 0);
  head[8] = 1;
  head[9] = 2;
  // Nothing to skip: the stream may begin anywhere.
  head.writeUInt16LE(0, 10);
  head.writeUInt32LE(48_000, 12);
  return {
    kind: 'audio',
    codec: 'opus',
    container: 'webm',
    decoderConfig: { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2, description: head },
  };
}

/** A frame as the file holds it: H264 with lengths in place of start codes. */
export function storedFrame(codec: VideoCodec, data: Buffer): Uint8Array {
  if (codec !== 'h264') {
    return data;
  }
  return Buffer.concat(
    nalUnits(data).flatMap((unit) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(unit.length);
      return [length, unit];
    }),
  );
}

const SPS = 7;
const PPS = 8;

function avcDescription(accessUnit: Buffer): Uint8Array | undefined {
  const units = nalUnits(accessUnit);
  const sps = units.find(([head = 0]) => (head & 0x1f) === SPS);
  const pps = units.find(([head = 0]) => (head & 0x1f) === PPS);
  if (sps === undefined || sps.length < 4 || pps === undefined) {
    return undefined;
  }
  const counted = (count: number, unit: Buffer) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(unit.length);
    return [Buffer.of(count), length, unit];
  };
  return Buffer.concat([
    Buffer.of(1, sps[1] as number, sps[2] as number, sps[3] as number, 0xff),
    ...counted(0xe1, sps),
    ...counted(1, pps),
    ...highProfile(sps),
  ]);
}

/** What the record of a high profile ends with. */
function highProfile(sps: Buffer): Buffer[] {
  const samples = h264Samples(sps);
  if (samples === null) {
    return [];
  }
  const { chromaFormat, lumaBits, chromaBits } = samples;
  return [Buffer.of(0xfc | chromaFormat, 0xf8 | (lumaBits - 8), 0xf8 | (chromaBits - 8), 0)];
}
