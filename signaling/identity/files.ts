import { open, readFile, rename } from 'node:fs/promises';
import { CanopyError, describeFileError } from '../../base/index.ts';

/** Reads a text file; undefined if it does not exist. @throws {CanopyError} CA_UNUSABLE - it cannot be read */
export async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      return undefined;
    }
    throw new CanopyError('CA_UNUSABLE', describeFileError(file, cause), { cause });
  });
}

/**
 * Writes a file atomically, readable by its owner only. It is synced to disk when this resolves.
 *
 * @throws {CanopyError} CA_UNUSABLE - it cannot be written
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      // The mode above only applies to a new file.
      await handle.chmod(0o600);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (cause) {
    throw new CanopyError('CA_UNUSABLE', describeFileError(file, cause), { cause });
  }
}
