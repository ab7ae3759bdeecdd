import { z } from 'zod';
import { bucketAddress } from './s3-url.ts';
import { count, flag, text } from './values.ts';

const bucketUrl = z.string().refine((value) => bucketAddress(value) !== undefined, {
  error:
    'write the http:// or https:// URL of the storage with the bucket, such as https://s3.example/bucket/prefix',
});

const settings = z.strictObject({
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
  video: z
    .enum(['off', 'mp4', 'webm', 'm4a', 'opus'])
    .default('off')
    .describe(
      'What is made of each recording once it has ended, unless the owner of the room chooses otherwise: nothing (`off`), a video, or sound alone (`m4a`, `opus`). Requires ffmpeg.',
    ),
  videoLayout: z
    .enum(['speaker', 'gallery'])
    .default('speaker')
    .describe(
      'Layout of these videos, unless the owner of the room chooses otherwise: the speaker large, or everyone at the same size.',
    ),
  s3Url: bucketUrl
    .optional()
    .describe(
      'URL of the S3-compatible bucket to which recordings are moved once they have ended, with an optional prefix, e.g. `https://s3.eu-central-1.amazonaws.com/bucket/prefix`. See docs/recording-storage.md. Default: recordings stay in `recording.dir`.',
    ),
  s3AccessKey: text.optional().describe('Access key id for the bucket.'),
  s3Secret: text
    .optional()
    .describe(
      'Secret access key for the bucket. Set it in the environment or the file rather than on the command line.',
    ),
  s3SecretFile: text
    .optional()
    .describe('File with the secret access key, instead of `recording.s3Secret`. Read at start.'),
  s3Region: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'write a region such as eu-central-1' })
    .default('us-east-1')
    .describe('Region of the bucket. Most self-hosted storages accept the default.'),
  s3Addressing: z
    .enum(['auto', 'path', 'host'])
    .default('auto')
    .describe(
      'Where requests name the bucket: in the `path` (`https://s3.example/bucket`) or in the `host` name (`https://bucket.s3.example`). `auto`: in the host name at Amazon, else in the path.',
    ),
  s3CaFile: text
    .optional()
    .describe(
      'File with the certificates (PEM) of the authorities that may have issued the storage’s certificate. Default: those that Node trusts.',
    ),
  s3UploadMbps: count({ max: 100_000 })
    .default(50)
    .describe(
      'Maximum bitrate of uploads to the bucket, in Mbit/s, so that calls keep the rest of the link. 0: no limit.',
    ),
});

/** Recordings of rooms. */
export const recordingSection = settings
  .superRefine((recording, context) => {
    for (const message of contradictions(recording)) {
      context.addIssue({ code: 'custom', message });
    }
  })
  .prefault({});

/** What contradicts itself, as sentences that name the keys. */
function contradictions(recording: z.output<typeof settings>): string[] {
  const { s3Url, s3AccessKey, s3Secret, s3SecretFile } = recording;
  const hasSecret = s3Secret !== undefined || s3SecretFile !== undefined;
  const rules: Array<[isBroken: boolean, message: string]> = [
    [
      (s3Url !== undefined) !== (s3AccessKey !== undefined) || (s3Url !== undefined) !== hasSecret,
      'recording.s3Url, recording.s3AccessKey and recording.s3Secret (or recording.s3SecretFile) go together: set all or none',
    ],
    [
      s3Secret !== undefined && s3SecretFile !== undefined,
      'recording.s3Secret and recording.s3SecretFile exclude each other: set one',
    ],
  ];
  return rules.flatMap(([isBroken, message]) => (isBroken ? [message] : []));
}
