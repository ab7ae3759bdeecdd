import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';

/** Writes a file atomically, readable by its owner only. It is synced to disk when this returns. */
export function writeWhole(file: string, contents: string | Uint8Array): void {
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    // The mode above only applies to a new file; one may be left from an interrupted write.
    fchmodSync(descriptor, 0o600);
    // Unlike writeSync(), it goes on after a partial write, as happens on a nearly full disk.
    writeFileSync(descriptor, contents);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}
