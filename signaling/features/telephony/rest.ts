/** Bodies of the REST API for phones. Every one wants the API key: `Authorization: Bearer` and the key of the file api.key. */
import { z } from 'zod';
import {
  callRecord,
  dialPlan,
  dialTarget,
  displayName,
  objectId,
  pin,
  roomId,
  sipPhone,
  sipTrunk,
  trunkRegistration,
} from '../../../contract/index.ts';
import { trunkAddress, trunkUri } from './trunk-fields.ts';

const phoneInfo = sipPhone.omit({ ha1: true });
export const phoneList = z.object({ phones: z.array(phoneInfo) });
export const putPhoneRequest = z.object({
  displayName: displayName.optional(),
  /** At least 12 characters. Default: one is made. Only its digests are kept. */
  password: z
    .string()
    .min(12)
    .max(128)
    .regex(/^\P{Cc}*$/u)
    .optional(),
});
export const putPhoneResponse = phoneInfo.extend({
  /** The password that was made, this once; absent where the request had one. */
  password: z.string().optional(),
  /** What the phone must be set to beside its user name. */
  realm: z.string(),
});

export const trunkInfo = sipTrunk.omit({ password: true }).extend({
  hasPassword: z.boolean(),
  /** null: it does not register, or no gateway has told yet. */
  registration: trunkRegistration.nullable(),
});
export const trunkList = z.object({ trunks: z.array(trunkInfo) });
/** The password that is kept stays when none is given and the user name is the same. */
export const putTrunkRequest = sipTrunk.omit({ name: true }).extend({
  uri: trunkUri,
  addresses: z.array(trunkAddress).max(64).default([]),
});

export const dialPlanBody = z.object({ rules: dialPlan });

export const roomPin = z.object({ pin });

export const callQuery = z.object({
  /** `true`: only calls that go on; `false`: only those that have ended. Default: all. */
  active: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** Unix time in milliseconds: only calls that began earlier. For the next page: `startedAtMs` of the last one. */
  before: z.coerce.number().int().optional(),
});
export const callList = z.object({ calls: z.array(callRecord) });
export const dialRequest = z.object({ roomId, target: dialTarget, displayName: displayName.optional() });
export const dialResponse = z.object({ callId: objectId });

export const phoneParams = z.object({ username: sipPhone.shape.username });
export const trunkParams = z.object({ name: sipTrunk.shape.name });
export const callParams = z.object({ callId: objectId });
