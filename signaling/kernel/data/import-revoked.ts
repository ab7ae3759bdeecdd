import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CanopyError, describeFileError } from '../../../base/index.ts';
import { isRevocable } from '../../identity/index.ts';
import type { RevocationRow, Revocations } from '../accounts/index.ts';

/**
 * Imports the revocations of an older version, which kept them in `revoked.json`, and renames that file.
 *
 * @throws {CanopyError} CA_UNUSABLE - the file is damaged or empty, so past revocations are unknown
 */
export async function importRevoked(dir: string, revocations: Revocations): Promise<void> {
  const file = join(dir, 'revoked.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      return;
    }
    throw new CanopyError('CA_UNUSABLE', describeFileError(file, cause), { cause });
  }
  await revocations.add(...read(file, text));
  await rename(file, `${file}.imported`);
}

function read(file: string, text: string): RevocationRow[] {
  try {
    return (JSON.parse(text) as Array<{ id: unknown; timeMs: unknown }>).map(({ id, timeMs }) => {
      if (!isRevocable(id) || typeof timeMs !== 'number') {
        throw new TypeError('not a revocation');
      }
      return { id, revoked_at_ms: timeMs };
    });
  } catch (cause) {
    // Do not start as if nothing had been revoked.
    throw new CanopyError(
      'CA_UNUSABLE',
      `${file} is damaged, so past revocations are unknown; restore it from a backup`,
      { cause },
    );
  }
}
