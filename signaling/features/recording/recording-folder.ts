import { join } from 'node:path';
import type { Config } from '../../../base/index.ts';

/** The list of a recording's tracks. */
export const MANIFEST = 'recording.json';

/** The folder of a recording. */
export function recordingFolder({ recording, data }: Config, recordingId: string): string {
  return join(recording.dir ?? join(data.dir, 'recordings'), recordingId);
}
