import { z } from 'zod';
import { count, text } from './values.ts';

/** A ws:// or wss:// URL. */
const webSocketUrl = z
  .url({ protocol: /^wss?$/, error: 'write a ws:// or wss:// URL' })
  .regex(/^[^\s@#]+$/, { error: 'write a ws:// or wss:// URL without user and fragment' });

/** Captions by a transcription service. */
export const captionsSection = z
  .strictObject({
    url: webSocketUrl
      .optional()
      .describe(
        'WebSocket URL of a transcription service, e.g. `ws://127.0.0.1:2700`. It is sent the voices of rooms in which somebody starts captions; see docs/captions.md. Default: none, and no captions.',
      ),
    secret: text
      .optional()
      .describe(
        'Bearer token for the transcription service. Set it in the environment or the file rather than on the command line.',
      ),
    language: z
      .string()
      .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, { error: 'write a language tag such as en or pt-BR' })
      .default('en')
      .describe(
        'Language in which the service should expect people to speak, unless whoever starts captions chooses another (BCP 47).',
      ),
    voices: count({ min: 1, max: 100 })
      .default(8)
      .describe('Maximum number of people of a room whose voices are transcribed at the same time.'),
  })
  .refine(({ url, secret }) => secret === undefined || url !== undefined, {
    error: 'captions.secret requires captions.url',
  })
  .prefault({});
