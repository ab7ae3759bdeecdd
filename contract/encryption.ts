/** End-to-end encryption of a room. */
import { z } from 'zod';

/**
 * Whether what people send in a room is encrypted for the server too. `off`: no; `allow-phones`: yes, and phones may be in the room, through
 * a gateway that is a member and has the keys; `required`: yes, without phones. Fixed when the room is created, and part of the context of
 * its MLS group.
 */
export const encryptionPolicy = z.enum(['off', 'allow-phones', 'required']);
export type EncryptionPolicy = z.infer<typeof encryptionPolicy>;

/**
 * What a room can be created with: `allow-phones` follows once the phone gateway can be a member of the group. Default: `media.encryption`.
 */
export const newRoomEncryption = encryptionPolicy.exclude(['allow-phones']);
