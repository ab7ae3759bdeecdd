import { writeFileSync } from 'node:fs';

const SAMPLE_RATE = 48_000;

/** Writes a WAV file with a sine tone: 48 kHz, mono, 16 bits, half of full scale. */
export function writeTone(file: string, frequencyHz: number, seconds = 10): void {
  const samples = SAMPLE_RATE * seconds;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(SAMPLE_RATE, 24);
  wav.writeUInt32LE(SAMPLE_RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let n = 0; n < samples; n += 1) {
    wav.writeInt16LE(
      Math.round(16_384 * Math.sin((2 * Math.PI * frequencyHz * n) / SAMPLE_RATE)),
      44 + n * 2,
    );
  }
  writeFileSync(file, wav);
}
