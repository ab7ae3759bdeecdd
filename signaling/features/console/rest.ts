/** Bodies of the REST API for the state of the server. */
import { z } from 'zod';

const bytes = z.number().describe('In bytes.');
const bps = z.number().describe('In bits per second.');

export const serverStatus = z.object({
  name: z.string(),
  version: z.string(),
  startedAtMs: z.number().describe('Unix time in milliseconds.'),
  draining: z.boolean().describe('Whether the server is stopping and admits nobody.'),
  connections: z.int(),
  rooms: z.int(),
  participants: z.int().describe('People and phones in rooms.'),
  workers: z.array(
    z.object({
      pid: z.int(),
      rtcPort: z.int().describe('UDP and TCP port.'),
      rooms: z.int(),
      consumers: z.int(),
      cpuShare: z
        .number()
        .nullable()
        .describe('CPU use over the last 5 s, as a share of one core, 0 to 1; null: not known yet.'),
      stressLevel: z
        .int()
        .describe('How far video quality is lowered because of CPU load, 0 (not at all) to 3.'),
      maxMemoryBytes: bytes,
    }),
  ),
  stealShare: z.number().describe('CPU time stolen by the hypervisor, as a share of the machine, 0 to 1.'),
  link: z.object({
    allocatedBps: bps.describe('Currently allocated egress bitrate, in bits per second.'),
    limitBps: bps.nullable().describe('`media.linkMbps`; null: no limit.'),
    heldConsumers: z.int().describe('Consumers paused by the server.'),
    receivedBytes: bytes,
    sentBytes: bytes,
  }),
  disks: z
    .array(
      z.object({
        folder: z.enum(['data', 'recordings']),
        freeBytes: bytes,
        totalBytes: bytes,
      }),
    )
    .describe('The file systems of the data folder and of recordings, once each if they differ.'),
  database: z.enum(['sqlite', 'postgres']),
  phones: z.enum(['off', 'down', 'ready']).describe('The phone gateway.'),
  recorder: z.enum(['off', 'down', 'ready']),
  bucket: z
    .object({
      problem: z.string().nullable().describe('Why it cannot be used, naming the setting; null: it can.'),
      waiting: z.int().describe('Files that are to be uploaded.'),
      waitingBytes: bytes,
      waitingSinceMs: z
        .number()
        .nullable()
        .describe('Since when the oldest of them waits, in Unix time in milliseconds; null: none does.'),
      deleting: z.int().describe('Files that are to be deleted in the bucket.'),
    })
    .nullable()
    .describe('The bucket for recordings (`recording.s3Url`); null: there is none.'),
});
export type ServerStatus = z.infer<typeof serverStatus>;
