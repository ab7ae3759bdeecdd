import { readFile } from 'node:fs/promises';
import { CanopyError, describeFileError, writeWhole } from '../../base/index.ts';

/** Reads a text file; undefined if it does not exist. @throws {CanopyError} CA_UNUSABLE - it cannot be read */
export async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      return undefined;
    }
    throw new CanopyError('CA_UNUSABLE', describeFileError(file, cause), { cause });
  });
}

/** Writes a file as writeWhole() does. @throws {CanopyError} CA_UNUSABLE - it cannot be written */
export function writeIdentityFile(file: string, text: string): void {
  try {
    writeWhole(file, text);
  } catch (cause) {
    throw new CanopyError('CA_UNUSABLE', describeFileError(file, cause), { cause });
  }
}
