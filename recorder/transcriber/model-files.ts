import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { CanopyError } from '../../base/index.ts';

const run = promisify(execFile);
/** Longest list of an archive's files, in bytes. */
const MAX_LIST_BYTES = 2 ** 20;

/** The files of a streaming transducer model. */
export interface ModelFiles {
  encoder: string;
  decoder: string;
  joiner: string;
  tokens: string;
}

/** What each file is called in sherpa-onnx's archives, the preferred name first: decoders lose most by 8-bit weights, and gain least. */
const NAMES: Record<keyof ModelFiles, RegExp[]> = {
  encoder: [/^encoder.*\.int8\.onnx$/, /^encoder.*\.onnx$/],
  decoder: [/^decoder(?!.*\.int8\.).*\.onnx$/, /^decoder.*\.onnx$/],
  joiner: [/^joiner.*\.int8\.onnx$/, /^joiner.*\.onnx$/],
  tokens: [/^tokens\.txt$/],
};

/**
 * Unpacks the model's files, under names of ours: what an archive says about paths decides nothing.
 *
 * @param archive a tar archive, also compressed
 * @throws {CanopyError} MODEL_UNUSABLE - a file is missing, or the archive has paths that lead elsewhere
 */
export async function unpackModel(archive: string, folder: string): Promise<ModelFiles> {
  const names = await list(archive);
  const foreign = names.find((name) => name.startsWith('/') || name.split('/').includes('..'));
  if (foreign !== undefined) {
    throw new CanopyError(
      'MODEL_UNUSABLE',
      `the archive has a path outside its folder: ${foreign.slice(0, 100)}`,
    );
  }
  const unpack = async (part: keyof ModelFiles): Promise<string> => {
    const found = NAMES[part].flatMap((pattern) => names.filter((name) => pattern.test(basename(name))));
    const [name] = found;
    if (name === undefined) {
      throw new CanopyError('MODEL_UNUSABLE', `the archive has no ${part}; use a streaming transducer model`);
    }
    const file = join(folder, part === 'tokens' ? 'tokens.txt' : `${part}.onnx`);
    await extract(archive, name, file);
    return file;
  };
  return {
    encoder: await unpack('encoder'),
    decoder: await unpack('decoder'),
    joiner: await unpack('joiner'),
    tokens: await unpack('tokens'),
  };
}

async function list(archive: string): Promise<string[]> {
  try {
    const { stdout } = await run('tar', ['-tf', archive], { maxBuffer: MAX_LIST_BYTES });
    return stdout.split('\n').filter(Boolean);
  } catch (error) {
    throw new CanopyError('MODEL_UNUSABLE', 'tar cannot read the archive', { cause: error });
  }
}

async function extract(archive: string, name: string, file: string): Promise<void> {
  const tar = spawn('tar', ['-xOf', archive, '--', name], { stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = once(tar, 'close');
  await pipeline(tar.stdout, createWriteStream(file, { mode: 0o600, flags: 'wx' }));
  const [status] = await closed;
  // A link has no content of its own.
  if (status !== 0 || (await stat(file)).size === 0) {
    throw new CanopyError('MODEL_UNUSABLE', `tar cannot read ${basename(name)} from the archive`);
  }
}
