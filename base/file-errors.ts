import { statSync } from 'node:fs';
import { dirname } from 'node:path';

const DENIED = new Set(['EACCES', 'EPERM', 'SQLITE_READONLY', 'SQLITE_CANTOPEN']);

/**
 * Describes for an operator what is wrong with a file or folder: `/data/ca.key: EACCES; it belongs to user 0, but this process runs as user 1000:
 * run it as that user (sudo -u '#0'), or change the owner`.
 */
export function describeFileError(file: string, error: unknown): string {
  const { code = 'unknown error', message } = error as NodeJS.ErrnoException;
  const owner = DENIED.has(code) ? ownerOf(file) : undefined;
  const self = process.getuid?.();
  if (owner !== undefined && self !== undefined && owner !== self) {
    return `${file}: ${code}; it belongs to user ${owner}, but this process runs as user ${self}: run it as that user (sudo -u '#${owner}' …), or change the owner`;
  }
  if (code === 'ENOENT') {
    return `${file}: ${code}, there is no such file or folder`;
  }
  if (code === 'EROFS') {
    return `${file}: ${code}, the file system is read-only`;
  }
  if (code === 'ENOSPC' || code === 'SQLITE_FULL') {
    return `${file}: ${code}, the disk is full`;
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return `${file}: ${code}; is the disk full?`;
  }
  return `${file}: ${code === 'unknown error' ? message : code}`;
}

/** User id of the owner of a file, or of its nearest existing parent folder. */
function ownerOf(file: string): number | undefined {
  try {
    return statSync(file).uid;
  } catch {
    const above = dirname(file);
    return above === file ? undefined : ownerOf(above);
  }
}
