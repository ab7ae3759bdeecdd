import { writeFileSync } from 'node:fs';

/** Sample rate of the files, in Hz. */
export const SOUND_RATE = 48_000;

/** Writes a WAV file: 48 kHz, mono, 16 bits. `sampleAt`: each sample, -1 to 1. */
export function writeSound(file: string, sampleAt: (n: number) => number, seconds = 10): void {
  const samples = SOUND_RATE * seconds;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(SOUND_RATE, 24);
  wav.writeUInt32LE(SOUND_RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let n = 0; n < samples; n += 1) {
    wav.writeInt16LE(Math.round(32_767 * sampleAt(n)), 44 + n * 2);
  }
  writeFileSync(file, wav);
}
