/** Sound of one channel. */
export interface WavSound {
  samples: Float32Array;
  /** In Hz. */
  sampleRate: number;
}

/** Format tags (Microsoft's mmreg.h). The extensible format has the real one at the start of its subformat. */
const PCM = 1;
const EXTENSIBLE = 0xfffe;
const MAX_CHANNELS = 8;

interface Format {
  channels: number;
  sampleRate: number;
  bits: number;
}

/** Reads a WAV file with PCM samples of 8, 16, 24 or 32 bits. Channels are mixed. Samples are in 16-bit units. @throws {RangeError} it is no such file */
export function readWavFile(file: Buffer): WavSound {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new RangeError('this is no WAV file');
  }
  let format: Format | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    // A program that writes to a pipe does not know the length.
    const chunk = file.subarray(at + 8, at + 8 + length);
    if (name === 'fmt ') {
      format = readFormat(chunk);
    } else if (name === 'data' && format) {
      return { samples: mixChannels(chunk, format), sampleRate: format.sampleRate };
    }
    at += 8 + length + (length % 2);
  }
  throw new RangeError('the WAV file has no samples');
}

function readFormat(chunk: Buffer): Format {
  if (chunk.length < 16) {
    throw new RangeError('the format of the WAV file is missing');
  }
  const tag = chunk.readUInt16LE(0);
  const isPcm = tag === PCM || (tag === EXTENSIBLE && chunk.length >= 26 && chunk.readUInt16LE(24) === PCM);
  const channels = chunk.readUInt16LE(2);
  const sampleRate = chunk.readUInt32LE(4);
  const bits = chunk.readUInt16LE(14);
  if (!isPcm || ![8, 16, 24, 32].includes(bits)) {
    throw new RangeError('the WAV file has no PCM samples of 8, 16, 24 or 32 bits');
  }
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw new RangeError(`the WAV file has ${channels} channels`);
  }
  return { channels, sampleRate, bits };
}

function mixChannels(data: Buffer, { channels, bits }: Format): Float32Array {
  const bytes = bits / 8;
  const samples = new Float32Array(Math.floor(data.length / bytes / channels));
  // Samples of 8 bits are unsigned.
  const read = (at: number) =>
    bits === 8 ? ((data[at] as number) - 128) * 256 : data.readIntLE(at, bytes) / 2 ** (bits - 16);
  for (let n = 0; n < samples.length; n++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      sum += read((n * channels + channel) * bytes);
    }
    samples[n] = sum / channels;
  }
  return samples;
}
