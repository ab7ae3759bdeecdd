import { z } from 'zod';
import { count, flag, text } from './values.ts';

/** Recordings of rooms. */
export const recordingSection = z
  .strictObject({
    enabled: flag.default(true).describe('Whether rooms can be recorded.'),
    dir: text.optional().describe('Folder for recordings. Default: `recordings` in `data.dir`.'),
    maxKbps: count({ min: 300 })
      .default(8000)
      .describe('Maximum bitrate of what is recorded of a room, in kbit/s. It does not leave this host.'),
    roomGiB: count({ min: 1 }).default(50).describe('Maximum size of all recordings kept per room, in GiB.'),
    totalGiB: count({ min: 1 })
      .default(500)
      .describe('Maximum size of all recordings kept on this server, in GiB.'),
    freeGiB: count({ min: 0 })
      .default(2)
      .describe('With less free space on the disk, in GiB, no recording starts and running ones end.'),
  })
  .prefault({});
