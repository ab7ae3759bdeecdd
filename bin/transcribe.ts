import { resolve } from 'node:path';
import { createLogger } from '../base/index.ts';
import { CaptionServer, loadModel } from '../recorder/index.ts';
import { closeOnSignal } from './close-on-signal.ts';
import { UsageError } from './usage-error.ts';

export interface TranscribeOptions {
  modelUrl: string;
  modelSha256: string;
  modelDir: string;
  host: string;
  port: string;
  voices: string;
  threads: string;
}

/** Runs the transcription service until a signal stops it. @throws {CanopyError} MODEL_UNUSABLE */
export async function transcribe(options: TranscribeOptions): Promise<void> {
  const { modelUrl: url, modelSha256: sha256, modelDir, host } = options;
  if (!URL.canParse(url)) {
    throw new UsageError('--model-url: write an https:// URL');
  }
  if (!/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new UsageError('--model-sha256: write 64 hexadecimal digits');
  }
  const port = number('--port', options.port, 0, 65_535);
  const maxVoices = number('--voices', options.voices, 1, 1000);
  const threads = number('--threads', options.threads, 1, 64);
  const log = createLogger({ level: 'info', format: 'pretty' });
  const recogniser = await loadModel({ url, sha256 }, resolve(modelDir), threads);
  const secret = process.env.CANOPY_CAPTIONS_SECRET || undefined;
  const server = await CaptionServer.start({ recogniser, host, port, secret, maxVoices, log });
  closeOnSignal({ log, graceSeconds: 5, drain: async () => {}, close: () => server.close() });
  log.info({ host, port: server.port }, 'ready; set captions.url to this address with ws://');
}

function number(flag: string, value: string, min: number, max: number): number {
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < min || parsed > max) {
    throw new UsageError(`${flag}: write a whole number from ${min} to ${max}`);
  }
  return parsed;
}
