/** End-to-end encryption of a room. */
import { z } from 'zod';

/**
 * Whether a room's media is end-to-end encrypted, so that the server cannot read it. `off`: no; `required`: yes, without phones;
 * `allow-phones`: yes, with phones, through a gateway that is a member of the group and has the keys. Fixed when the room is created, and part of the context of
 * its MLS group.
 */
export const encryptionPolicy = z.enum(['off', 'allow-phones', 'required']);
export type EncryptionPolicy = z.infer<typeof encryptionPolicy>;

/**
 * What a room can be created with: `allow-phones` follows once the phone gateway can be a member of the group. Default: `media.encryption`.
 */
export const newRoomEncryption = encryptionPolicy.exclude(['allow-phones']);
