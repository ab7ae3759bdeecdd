/** The devices of one's own account: adding one by a code, the list, and renewing certificates. */
import { z } from 'zod';
import {
  base64url,
  certificate,
  displayName,
  errorBody,
  nothing,
  sha256Hex,
  signature,
} from '../../../contract/index.ts';

/** Names an exchange between two devices; derived from a code that the server never sees. */
const exchangeId = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
/** HMAC-SHA-256. */
const mac = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** What a new device sends: see linkRequestStatement(). */
const linkRequest = z.object({
  deviceKey: base64url.max(200),
  sealingKey: base64url.max(100),
  name: displayName,
  client: displayName,
  signature,
  mac,
});

/** What an older device answers, sealed for the new one (HPKE). */
const linkAnswer = z.object({ encapsulated: base64url.max(100), sealed: base64url.max(24_000) });

/** A device's request for a new certificate: see renewalStatement(). */
const renewalRequest = z.object({ certificate, timeMs: z.int().min(0), signature });

const ownDevice = z.object({
  deviceId: sha256Hex,
  /** The name that its user chose; null if none. */
  name: displayName.nullable(),
  /** The client's self-reported name. */
  userAgent: z.string().nullable(),
  /** Unix time in milliseconds. */
  firstSeenAtMs: z.number(),
  lastSeenAtMs: z.number(),
  /** Whether it is connected now. */
  connected: z.boolean(),
  revoked: z.boolean(),
  /** It needs a new certificate, from a device that holds the account's key. */
  renewal: renewalRequest.optional(),
});

export const DEVICE_REQUESTS = {
  /**
   * Opens an exchange in which a new device can ask to be added to the account, for five minutes; repeat it after a reconnect. It replaces
   * the account's previous one. The result has what the new device has sent so far.
   */
  'device.offer': {
    data: z.object({ exchangeId }),
    result: z.object({
      expiresAtMs: z.number(),
      request: linkRequest.optional(),
      confirmation: mac.optional(),
    }),
  },
  /**
   * Asks to be added to an account, before authentication; repeat it unchanged after a reconnect. Only the first device that uses an
   * exchange is heard. The result has the answer if there is one already.
   */
  'device.request': {
    data: z.object({ exchangeId, request: linkRequest }),
    result: z.object({ expiresAtMs: z.number(), answer: linkAnswer.optional() }),
  },
  /** Adds the new device. */
  'device.answer': { data: z.object({ exchangeId, answer: linkAnswer }), result: nothing },
  /** From the new device: it has stored its certificate. */
  'device.confirm': { data: z.object({ exchangeId, confirmation: mac }), result: nothing },
  /** Ends the exchange, by either device. */
  'device.cancel': { data: z.object({ exchangeId }), result: nothing },

  /** The account's devices that have signed in, last seen first. */
  'device.list': { data: nothing, result: z.object({ devices: z.array(ownDevice) }) },
  /** Names a device of the account, by default this one. */
  'device.rename': { data: z.object({ deviceId: sha256Hex.optional(), name: displayName }), result: nothing },
  /** Revokes another device of the account. Its connections end with CERT_REVOKED. */
  'device.revoke': { data: z.object({ deviceId: sha256Hex }), result: nothing },
  /**
   * Asks the account's other devices for a new certificate, also those that connect later. The result has the certificate once one of
   * them has issued it; `device.renewed` announces it.
   */
  'device.requestRenewal': {
    data: z.object({ request: renewalRequest }),
    result: z.object({ certificate: certificate.optional() }),
  },
  /** Gives another device of the account its new certificate. */
  'device.renew': { data: z.object({ deviceId: sha256Hex, certificate }), result: nothing },
} as const;

export const DEVICE_EVENTS = {
  /** To the device that opened the exchange: a new device asks to be added. */
  'device.requested': z.object({ exchangeId, request: linkRequest }),
  /** To the new device: it was added. */
  'device.answered': z.object({ exchangeId, answer: linkAnswer }),
  /** To the device that opened the exchange: the new device is ready. */
  'device.confirmed': z.object({ exchangeId, confirmation: mac }),
  /** The exchange is over without success, and why. */
  'device.ended': z.object({ exchangeId, error: errorBody }),
  /** To the account's other devices: this one needs a new certificate. */
  'device.renewalRequested': z.object({
    deviceId: sha256Hex,
    name: displayName.nullable(),
    request: renewalRequest,
  }),
  /** A new certificate for this device. */
  'device.renewed': z.object({ certificate }),
} as const;

export type LinkRequest = z.infer<typeof linkRequest>;
export type LinkAnswer = z.infer<typeof linkAnswer>;
export type RenewalRequest = z.infer<typeof renewalRequest>;

type DeviceRequests = typeof DEVICE_REQUESTS;
type DeviceEvents = typeof DEVICE_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends DeviceRequests {}
  interface Events extends DeviceEvents {}
}
