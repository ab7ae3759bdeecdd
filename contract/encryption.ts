/** End-to-end encryption of a room. */
import { z } from 'zod';
import { MAX_ENVELOPE_BYTES } from './content/index.ts';

/**
 * Whether a room's media, chat, reactions and files are end-to-end encrypted. `off`: no; `required`: yes, without phones;
 * `allow-phones`: yes, with phones, through the server's phone gateway, which is a member of the group and has the keys while phones are in
 * the room. Fixed when the room is created, and part of the context of its MLS group. Default: `media.encryption`.
 */
export const encryptionPolicy = z.enum(['off', 'allow-phones', 'required']);
export type EncryptionPolicy = z.infer<typeof encryptionPolicy>;

/** Content that the server cannot read: an envelope (contract/content), base64. */
export const sealedContent = z.base64().max(Math.ceil(MAX_ENVELOPE_BYTES / 3) * 4);
