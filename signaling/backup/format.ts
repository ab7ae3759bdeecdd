import { z } from 'zod';

/**
 * A backup is a text file of JSON lines: a header, the files of the data folder, the rows of the database, and an end with the counts and a
 * SHA-256 of all lines before it. It holds every secret of the deployment.
 */
export const header = z.object({
  canopyBackup: z.literal(1),
  /** Canopy's version. */
  version: z.string(),
  /** Unix time in milliseconds. */
  createdAtMs: z.number(),
  /** The last migration of its tables. */
  migration: z.string(),
});

export const line = z.union([
  z.object({ file: z.string().refine(isFileName), base64: z.base64() }),
  z.object({
    table: z.string(),
    row: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  }),
]);

export const end = z.object({
  rows: z.record(z.string(), z.int()),
  /** Hex. */
  sha256: z.string(),
});

/** How a backup begins. */
export const MAGIC = '{"canopyBackup":';

/** Whether it names a file in the data folder itself. */
function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}
