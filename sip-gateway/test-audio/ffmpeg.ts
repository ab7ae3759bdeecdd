import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs ffmpeg, as an independent implementation of our codecs, from standard input to standard output. */
export async function ffmpeg(input: Uint8Array, ...args: string[]): Promise<Buffer> {
  const child = spawn('ffmpeg', ['-nostdin', '-v', 'error', ...args, 'pipe:1'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) {
    throw new Error(`ffmpeg ended with ${code}`);
  }
  return Buffer.concat(chunks);
}

export function toBytes(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

export function toSamples(bytes: Buffer): Int16Array {
  return new Int16Array(Uint8Array.from(bytes).buffer, 0, bytes.length >> 1);
}
