/** Bodies of the REST API for phones. Every request needs the API key, in `Authorization: Bearer`. */
import { z } from 'zod';
import {
  callRecord,
  dialPlan,
  dialTarget,
  displayName,
  iceUse,
  objectId,
  personNumber,
  pin,
  roomId,
  sha256Hex,
  sipPhone,
  sipTrunk,
  srtpKeying,
  srtpUse,
  stirShaken,
  tracedMessage,
  trunkContact,
  trunkRegistration,
  trunkUsage,
} from '../../../contract/index.ts';
import { authorities, trunkAddress, trunkUri } from './trunk-fields.ts';

/** `accountId`: whose phone it is; absent: nobody's. */
const phoneInfo = sipPhone.omit({ ha1: true }).extend({ accountId: sha256Hex.optional() });
export const phoneList = z.object({ phones: z.array(phoneInfo) });
export const putPhoneRequest = z.object({
  displayName: displayName.optional(),
  transfers: sipPhone.shape.transfers,
  /** At least 12 characters. Default: generated. Only its digests are stored. */
  password: z
    .string()
    .min(12)
    .max(128)
    .regex(/^\P{Cc}*$/u)
    .optional(),
  /** Default: unchanged; `preferred` for a new phone. */
  srtp: srtpUse.optional(),
  /** Default: unchanged; `sdes` for a new phone. */
  keying: srtpKeying.optional(),
  /** Default: unchanged; `accept` for a new phone. */
  ice: iceUse.optional(),
  /** The person whose phone it is: it rings when they are called. Null: nobody's. Default: unchanged. */
  accountId: sha256Hex.nullable().optional(),
});
export const putPhoneResponse = phoneInfo.extend({
  /** The generated password, returned only here; absent if the request had one. */
  password: z.string().optional(),
  /** The realm that the phone must be configured with. */
  realm: z.string(),
});

export const trunkInfo = sipTrunk.omit({ password: true }).extend({
  hasPassword: z.boolean(),
  /** Null if the trunk does not register, or no gateway has reported yet. */
  registration: trunkRegistration.nullable(),
  /** Which next hops answer OPTIONS; empty without `pingSeconds`, or if no gateway has reported yet. */
  contactStates: z.array(trunkContact),
  /** What was used today, by the trunk's time zone, in all calls and for each prefix of its prices. */
  usage: z.array(trunkUsage.omit({ trunk: true })),
});
export const trunkList = z.object({ trunks: z.array(trunkInfo) });
/** Without a password, the stored one is kept if both user names stay the same. `srtp`, `keying`, `ice`, `transfers`, `identity`, `numbers`, `limits`, `stirShaken` and `tls` are kept if omitted. */
export const putTrunkRequest = sipTrunk.omit({ name: true }).extend({
  uri: trunkUri,
  contacts: z
    .array(
      z.object({
        uri: trunkUri,
        priority: z.int().min(0).max(65_535).default(0),
        weight: z.int().min(0).max(65_535).default(1),
      }),
    )
    .max(16)
    .optional(),
  proxy: trunkUri.optional(),
  addresses: z.array(trunkAddress).max(64).default([]),
  stirShaken: stirShaken
    .extend({ trustedCa: authorities.optional() })
    .refine(({ certificateHosts, trustedCa }) => certificateHosts.length === 0 || trustedCa !== undefined, {
      error: 'certificates need an authority that is trusted',
      path: ['trustedCa'],
    })
    .optional(),
  srtp: srtpUse.optional(),
  keying: srtpKeying.optional(),
  ice: iceUse.optional(),
});

export const dialPlanBody = z.object({ rules: dialPlan });

export const numberParams = z.object({ number: personNumber });
export const putNumberRequest = z.object({ accountId: sha256Hex });
export const numberList = z.object({ numbers: z.array(putNumberRequest.extend({ number: personNumber })) });

export const roomPin = z.object({
  pin,
  /** Callers who enter this PIN instead are moderators. Null: there is none. Default: unchanged. */
  moderatorPin: pin.nullable().optional(),
});

const unixMs = z.coerce.number().int();
export const callQuery = z.object({
  active: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe('`true`: only calls in progress; `false`: only ended ones. Default: both.'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  after: objectId
    .optional()
    .describe('Only calls after this one. For the next page: the `callId` of the last one.'),
  search: z
    .string()
    .max(100)
    .optional()
    .describe('Part of a name, number, address or attribute. Separators in numbers do not count.'),
  direction: callRecord.shape.direction.optional(),
  result: z
    .enum(['answered', 'missed', 'failed'])
    .optional()
    .describe(
      '`missed`: nobody answered, or the callee was busy or declined; `failed`: the call was refused or could not be set up.',
    ),
  trunk: z.string().max(64).optional(),
  phone: z.string().max(64).optional().describe('User name of a phone of this server.'),
  accountId: sha256Hex
    .optional()
    .describe('The person who placed the call, whose phone it was, or whose number was called.'),
  roomId: roomId.optional(),
  codec: z.string().max(32).optional(),
  endCause: z.string().max(32).optional(),
  sipStatus: z.coerce.number().int().min(100).max(699).optional(),
  mosBelow: z.coerce
    .number()
    .min(1)
    .max(5)
    .optional()
    .describe('Only calls that were measured, with a lower `mos`.'),
  since: unixMs.optional().describe('Only calls that started at this Unix time in milliseconds or later.'),
  until: unixMs.optional().describe('Only calls that started before this Unix time in milliseconds.'),
});
export const callList = z.object({
  calls: z.array(
    callRecord.extend({
      accountId: sha256Hex
        .optional()
        .describe('The person who placed the call, whose phone it was, or whose number was called.'),
    }),
  ),
});
export const dialRequest = z.object({
  roomId,
  target: dialTarget,
  displayName: displayName.optional(),
  /** Whether the callee must not learn who calls. Default false. */
  withheld: z.boolean().optional(),
});
/** Exactly one of both. */
export const transferRequest = z.object({
  /** A number that the outgoing rules permit through the call's trunk, or the number of a room that asks for no PIN. */
  target: dialTarget.optional(),
  /** Another call through the same trunk, with whose party this one is connected. */
  otherCallId: objectId.optional(),
});
export const dialResponse = z.object({ callId: objectId });

export const phoneParams = z.object({ username: sipPhone.shape.username });
export const trunkParams = z.object({ name: sipTrunk.shape.name });
export const callParams = z.object({ callId: objectId });
export const callTrace = z.object({ messages: z.array(tracedMessage) });
