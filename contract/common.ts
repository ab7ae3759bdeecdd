import { z } from 'zod';
import type { ErrorBody } from '../base/errors/index.ts';
import { canonicalRoomId, displayable, displayableFileName, displayableText, ROOM_ID } from './names.ts';

/**
 * Text from outside of at most `max` UTF-16 code units, made fit for display or storage by `clean`. Longer text is refused before it is
 * cleaned: a megabyte would take seconds, of everybody.
 */
export function cleanText(max: number, clean: (text: string) => string): z.ZodString {
  return z.string().max(max, { abort: true }).check(z.overwrite(clean));
}

/** Request id chosen by the client, unique within its session. A repeated id gets the first answer again. */
export const requestId = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/);
/** An id chosen by the server (UUID). */
export const objectId = z.uuid();
/** A room's name in links: letters of any script with their marks, digits, `-` and `_`, 1 to 64 characters; compared after NFC. */
export const roomId = cleanText(256, canonicalRoomId).regex(ROOM_ID);
/** A person's name as others see it: 1 to 64 characters. Invisible characters and ones that reorder text are removed. */
export const displayName = cleanText(64, displayable).min(1, 'no visible characters');
/** A file's name as others see it and save it: up to 255 characters, without folders. */
export const fileName = cleanText(1024, displayableFileName).min(1, 'no visible characters');
/** How long an invitation link is valid, in seconds: 60 s to 30 days. Default one day. */
export const invitationTtlSeconds = z
  .int()
  .min(60)
  .max(30 * 86_400)
  .default(86_400);
/** SHA-256 of an SPKI, 64 lower-case hex digits. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
export const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);
/** A signature of one of the statements in statements.ts. */
export const signature = base64url.max(1024);
/** The secret in an invitation link: anyone who has it can use the invitation. */
export const invitationSecret = base64url.max(64);
/** A DER certificate, base64. */
export const certificate = z.base64().max(8192);
/** A certificate chain, leaf first; the root may be omitted. */
export const certificateChain = z.array(certificate).min(1).max(6);

/**
 * An account's role on this server. `admin`: everything; `member`: enter any room and invite guests; `guest`: the rooms of the invitation;
 * `bridge`: host participants of other networks (the SIP gateway).
 */
export const role = z.enum(['admin', 'member', 'guest', 'bridge']);
export type Role = z.infer<typeof role>;

/** A participant's role in a room. Admins are owners of every room; phones are speakers. */
export const roomRole = z.enum(['owner', 'moderator', 'speaker', 'viewer']);
export type RoomRole = z.infer<typeof roomRole>;

/** Maximum number of attributes of a participant. */
export const MAX_ATTRIBUTES = 17;
/** Letters, digits and `_.-`; no name of a property that every object has. */
export const attributeName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/)
  .refine((name) => !(name in {}), { error: 'choose another name' });
/** What a trunk says about a caller, for applications. Untrusted text, up to 256 characters each. */
export const participantAttributes = z
  .record(attributeName, cleanText(256, displayableText))
  .refine((attributes) => Object.keys(attributes).length <= MAX_ATTRIBUTES);
export type ParticipantAttributes = z.infer<typeof participantAttributes>;

/** The state of a phone's call. */
export const callState = z.enum(['dialing', 'ringing', 'answered', 'held']);

export const participant = z.object({
  participantId: objectId,
  /** The session that hosts the participant: a browser hosts itself, a gateway hosts its phones. */
  peerId: objectId,
  accountId: sha256Hex,
  /** In encrypted rooms: the device, whose leaf in the room’s group has a certificate with the same key. */
  deviceId: sha256Hex.optional(),
  displayName,
  /** The name in the certificate, if the person joined under another one. */
  certifiedName: displayName.optional(),
  /** `stream`: a program that sends or watches over HTTP (WHIP, WHEP), without a certificate of its own. */
  kind: z.enum(['user', 'phone', 'stream']),
  role,
  roomRole: roomRole.optional(),
  /** Whether its connection is up; false while the server waits for a reconnect. */
  connected: z.boolean(),
  /** False while no media flows between it and the server although its connection is up. Absent: no known problem. */
  mediaConnected: z.boolean().optional(),
  /** Phones only. */
  callState: callState.optional(),
  /** Phones only: whether the audio between the phone and the server is encrypted (SRTP). Absent until the call has audio. */
  callEncrypted: z.boolean().optional(),
  /**
   * Phones only: whether the phone has proved, by a certificate that the server trusts, whose device it is. Then its name, if different, is in
   * `certifiedName`. Absent until the call is answered.
   */
  deviceVerified: z.boolean().optional(),
  /** Phones only: what the trunk says about the caller. */
  attributes: participantAttributes.optional(),
});
export type Participant = z.infer<typeof participant>;

/** Data or result without content. */
export const nothing = z.object({});

/** An error, in responses over the socket and REST. Codes: docs/errors.md. */
export const errorBody = z.object({
  code: z.string(),
  message: z.string(),
  detail: z.string().optional(),
  retryable: z.boolean().optional(),
}) satisfies z.ZodType<ErrorBody>;
