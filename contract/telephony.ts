/** Messages about phones between the server, its administrators and the SIP gateway. */
import { z } from 'zod';
import { callerVerification, stirShaken } from './caller-verification.ts';
import { cleanText, displayName, objectId, participantAttributes, roomId } from './common.ts';
import { headerAttributes } from './header-attributes.ts';
import { displayable, storable } from './names.ts';
import { trunkIdentity } from './trunk-identity.ts';
import { trunkLimits, trunkUsage } from './trunk-limits.ts';
import { trunkNumbers } from './trunk-numbers.ts';
import { trunkTls } from './trunk-tls.ts';

/** User part of a phone's SIP address: letters, digits and `.-_+`, 1 to 64 characters. */
export const sipUser = z.string().regex(/^[A-Za-z0-9+][A-Za-z0-9._+-]{0,63}$/);
/** A dialled number, or a `sip:`, `sips:` or `tel:` URI; no white space. */
export const dialTarget = z.string().regex(/^(?:(?:sips?|tel):)?[^\s<>"]{1,200}$/);
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
/** Digits that a caller enters to join a room. */
export const pin = z.string().regex(/^\d{4,12}$/);
/** Names of codecs for phones, best first. */
const SIP_CODECS = [
  'opus',
  'G722',
  'speex/32000',
  'speex/16000',
  'PCMU',
  'PCMA',
  'speex/8000',
  'GSM',
  'AMR-WB',
  'AMR-WB/octet-align',
] as const;
const host = z.string().min(1).max(255);

/** A person’s telephone number: digits, after a `+` if it is international. */
export const personNumber = z.string().regex(/^\+?\d{1,20}$/);

/** Minimum length of a new PIN: shorter ones can be guessed. Existing shorter PINs keep working. */
export const MIN_PIN_DIGITS = 6;

/**
 * Where whoever is in a call may transfer it (REFER), or forward a call that Canopy places to them (3xx). `internal`: to rooms and phones
 * of this server; `outgoing`: also to the numbers that the outgoing rules permit.
 */
export const transferScope = z.enum(['off', 'internal', 'outgoing']);
export type TransferScope = z.infer<typeof transferScope>;

/** Whether the audio of calls is encrypted (SRTP). `preferred`: if the other side supports it. `required`: other calls are refused. */
export const srtpUse = z.enum(['off', 'preferred', 'required']);
export type SrtpUse = z.infer<typeof srtpUse>;

/**
 * How the keys of encrypted calls are agreed on: in the SDP (SDES), or by a handshake between phone and server (DTLS-SRTP). In answers it is
 * the preferred way; the other one is accepted, too.
 */
export const srtpKeying = z.enum(['sdes', 'dtls']);
export type SrtpKeying = z.infer<typeof srtpKeying>;

/**
 * Whether ICE finds the way of the audio (RFC 8445). `accept`: if the other side offers it. `offer`: calls that Canopy places offer it, too.
 */
export const iceUse = z.enum(['off', 'accept', 'offer']);
export type IceUse = z.infer<typeof iceUse>;

/** A phone that registers with the gateway. */
export const sipPhone = z.object({
  username: sipUser,
  displayName: displayName.optional(),
  /** Where the phone may transfer and forward calls. Default `internal`. */
  transfers: transferScope.optional(),
  /** HA1 for digest authentication (RFC 7616): hex of H(username:realm:password). */
  ha1: z.object({ md5: z.string().regex(/^[0-9a-f]{32}$/), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  srtp: srtpUse.default('preferred'),
  /** `sdes` needs SIP over TLS, since the keys are in its messages. */
  keying: srtpKeying.default('sdes'),
  ice: iceUse.default('accept'),
});
export type SipPhone = z.infer<typeof sipPhone>;

/** A PBX or provider that sends and accepts calls. */
export const sipTrunk = z.object({
  name,
  /** `sip:` URI of the next hop, e.g. `sip:pbx.example;transport=tcp`. */
  uri: z.string().regex(/^sips?:[^\s<>"]{1,250}$/),
  /**
   * Next hops of calls, instead of `uri`. The lowest `priority` is tried first; among equal ones, `weight` is the share of calls. Default:
   * `uri`.
   */
  contacts: z
    .array(
      z.object({
        uri: z.string().regex(/^sips?:[^\s<>"]{1,250}$/),
        priority: z.int().min(0).max(65_535).default(0),
        weight: z.int().min(0).max(65_535).default(1),
      }),
    )
    .max(16)
    .optional(),
  /** `sip:` URI of an outbound proxy that all requests to the trunk go through. */
  proxy: z
    .string()
    .regex(/^sips?:[^\s<>"]{1,250}$/)
    .optional(),
  /** Sends OPTIONS to each next hop this often, in seconds; one that does not answer is tried last. Default: never. */
  pingSeconds: z.int().min(5).max(3600).optional(),
  /**
   * Domain of Canopy's own address at the trunk: the host in From of our calls, and in the address we register. Default: the host of `uri`
   * if there is a `username` or `register`, else Canopy's own address.
   */
  domain: z
    .string()
    .regex(/^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]{2,45}\])$/)
    .optional(),
  /**
   * Calls from these addresses or networks (CIDR) belong to this trunk, without a password. While Canopy is registered at the trunk, so do
   * calls from the registrar's address.
   */
  addresses: z.array(host).max(64).default([]),
  /** For the trunk's digest challenges, and for registering if `register` is set. */
  username: z.string().max(128).optional(),
  password: z.string().max(256).optional(),
  /** Realm of the trunk's challenges; others are never answered. Default: the host of `uri`. */
  realm: z.string().max(128).optional(),
  register: z.boolean().default(false),
  /** User name in answers to the trunk's challenges, if it differs from `username`. */
  authUsername: z.string().min(1).max(128).optional(),
  /** User part of From in our calls. Default: `username`, else `canopy`. */
  callerId: sipUser.optional(),
  /** Codecs of its calls, best first, if the server has them too. Default: the server's. */
  codecs: z.array(z.enum(SIP_CODECS)).min(1).max(SIP_CODECS.length).optional(),
  /**
   * How keys reach us. `auto`: in any way; `rfc4733`: as telephone-events; `info`: by SIP INFO; `inband`: as tones in the voice. The last two
   * do not offer telephone-events. Default `auto`.
   */
  dtmf: z.enum(['auto', 'rfc4733', 'info', 'inband']).optional(),
  /** How callers are named, in both directions. */
  identity: trunkIdentity.optional(),
  /** Header fields of its INVITEs that become attributes of its callers, in rooms, the history and webhooks. */
  headers: headerAttributes.optional(),
  /** Whether its callers may use the numbers that they show. Default: not verified. */
  stirShaken: stirShaken.optional(),
  /** How Canopy connects to it over TLS. Trunks with the same host share this. */
  tls: trunkTls.optional(),
  /** How telephone numbers are written. */
  numbers: trunkNumbers.optional(),
  /** What may be called, and how much. */
  limits: trunkLimits.optional(),
  /** Maximum number of simultaneous calls. */
  maxCalls: z.int().min(1).max(10_000).default(100),
  /** Whether a room hears what the trunk plays before a call is answered, such as ringing and announcements. Default false. */
  earlyMedia: z.boolean().optional(),
  /** Where its callers and the PBX itself may transfer and forward calls. Default `off`. */
  transfers: transferScope.optional(),
  srtp: srtpUse.default('preferred'),
  /** `sdes` needs SIP over TLS, since the keys are in its messages. */
  keying: srtpKeying.default('sdes'),
  ice: iceUse.default('accept'),
});
export type SipTrunk = z.infer<typeof sipTrunk>;

/** Registration state of a trunk, as reported by the gateway. Times are Unix times in milliseconds. */
export const trunkRegistration = z.object({
  /** `registering`: no response since the gateway started or the trunk was configured. Retries automatically after a failure. */
  state: z.enum(['registering', 'registered', 'failed']),
  /** When the registration expires; it is refreshed before that. Null unless registered. */
  expiresAtMs: z.number().nullable(),
  /** The last failure, even if registration has succeeded since. */
  lastFailure: z
    .object({
      atMs: z.number(),
      /** SIP status of the response; 408 if there was none, 503 if the registrar is unreachable. */
      sipStatus: z.int(),
      /** The registrar's reason phrase. */
      reason: z.string().max(100),
    })
    .nullable(),
});
export type TrunkRegistration = z.infer<typeof trunkRegistration>;

/** Whether a next hop of a trunk with `pingSeconds` answers OPTIONS, as reported by the gateway. */
export const trunkContact = z.object({
  uri: z.string().max(300),
  /** `unknown`: not asked yet. */
  state: z.enum(['unknown', 'up', 'down']),
  /** Unix time in milliseconds since when it is in this state. */
  sinceMs: z.number(),
  /** SIP status of the last answer, which may be any but 503 for `up`; 408 or 503 without one; null: not asked yet. */
  sipStatus: z.int().nullable(),
  /** Milliseconds until the last answer. */
  roundTripMs: z.number().nullable(),
});
export type TrunkContact = z.infer<typeof trunkContact>;

const address = z.union([z.ipv4(), z.ipv6()]);

/** A phone's registration over UDP, as saved for a restart of the gateway. Times are Unix times in milliseconds. */
export const savedBinding = z.object({
  /** The phone's Contact, a URI. */
  contact: z.string().min(1).max(512),
  callId: z.string().min(1).max(256),
  sequence: z.int().min(0),
  /** `+sip.instance` of the phone. */
  instance: z.string().max(128).optional(),
  /** `reg-id` (RFC 5626): which of the phone’s flows it is. */
  regId: z.int().min(1).optional(),
  /** Proxies on the way to the phone (RFC 3327). */
  path: z.array(z.string().max(1024)).max(8).optional(),
  registeredAtMs: z.int(),
  expiresAtMs: z.int(),
  q: z.number().min(0).max(1),
  /** Where the REGISTER came from, and where calls are sent. */
  address,
  port: z.int().min(1).max(65_535),
  userAgent: z.string().max(200),
});
export type SavedBinding = z.infer<typeof savedBinding>;

/** Canopy's registration at a trunk, as saved for a restart of the gateway. */
export const savedTrunkRegistration = z.object({
  /** Canopy’s `+sip.instance` there. */
  instance: z.string().min(1).max(128),
  callId: z.string().min(1).max(256),
  sequence: z.int().min(0),
  /** The registrar's addresses. */
  addresses: z.array(address).max(16),
  /** Unix time in milliseconds. */
  expiresAtMs: z.int(),
});
export type SavedTrunkRegistration = z.infer<typeof savedTrunkRegistration>;

/** Saved registrations. */
export const savedRegistrations = z.object({
  phones: z.array(z.object({ username: sipUser, bindings: z.array(savedBinding).max(10) })).max(100),
  /** `registration`: null once it has ended. */
  trunks: z.array(z.object({ trunk: name, registration: savedTrunkRegistration.nullable() })).max(500),
});
export type SavedRegistrations = z.infer<typeof savedRegistrations>;

/**
 * What happens to a dialled number; the first matching rule applies. `*` stands for any characters, `X` for a digit. Incoming calls go to a
 * room or to the PIN prompt (any room whose PIN is entered), or are rejected; outgoing calls go to a trunk, or are rejected.
 */
export const dialRule = z.object({
  direction: z.enum(['incoming', 'outgoing']).default('incoming'),
  pattern: cleanText(128, storable).min(1),
  action: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('room'),
      roomId,
      pin: pin.optional(),
    }),
    z.object({ type: z.literal('pin') }),
    z.object({
      type: z.literal('trunk'),
      trunk: name,
      stripDigits: z.int().min(0).max(20).default(0),
      prefix: z
        .string()
        .regex(/^[0-9+*#]{0,20}$/)
        .default(''),
    }),
    z.object({ type: z.literal('reject'), status: z.int().min(400).max(699).default(404) }),
  ]),
});
export type DialRule = z.infer<typeof dialRule>;
export const dialPlan = z.array(dialRule).max(1000);

/** The complete configuration of the gateway. */
export const telephonyConfig = z.object({
  realm: z.string().min(1).max(128),
  phones: z.array(sipPhone),
  trunks: z.array(sipTrunk),
  dialPlan,
  /** Rooms that can be entered by PIN alone. */
  pins: z.array(
    z.object({
      pin: z.string(),
      roomId,
      /** Whether it makes the caller a moderator. Default false. */
      isModerator: z.boolean().optional(),
    }),
  ),
  /** Numbers of people: whoever calls one rings its person. Absent if there are none. */
  numbers: z.array(personNumber).optional(),
  language: z.enum(['en', 'ru']),
  /** What was used of trunks today, and a day before and after as time zones differ; only when the gateway registers. */
  usage: z.array(trunkUsage).optional(),
});
export type TelephonyConfig = z.infer<typeof telephonyConfig>;

/** How well the audio of a phone gets through. */
export const callQuality = z.object({
  /** Interarrival jitter of the phone's packets (RFC 3550), in milliseconds. */
  jitterMs: z.number().min(0),
  /** Share of the phone's packets that were lost or too late, 0 to 1: in the last seconds; once the call has ended, in all of it. */
  lossFraction: z.number().min(0).max(1),
  /** Share of the packets to the phone that were lost in the last seconds, as the phone reports; null if it does not. */
  remoteLossFraction: z.number().min(0).max(1).nullable(),
  /** Null if the phone does not report. */
  roundTripMs: z.number().min(0).nullable(),
});
export type CallQuality = z.infer<typeof callQuality>;

const sipEndpoint = z.object({ address: z.string().max(64), port: z.int().min(0).max(65_535) });

/** A SIP message of a call, for operators. Secrets are crossed out: keys of encrypted audio, answers to challenges, pressed keys. */
export const tracedMessage = z.object({
  /** Unix time in milliseconds. */
  atMs: z.int(),
  /** Whether Canopy sent it. */
  sent: z.boolean(),
  /** Over TCP, TLS or a WebSocket rather than UDP. */
  overTcp: z.boolean(),
  local: sipEndpoint,
  remote: sipEndpoint,
  /** The message; a long one is cut off. Untrusted text. */
  text: z.string().max(8000),
});
export type TracedMessage = z.infer<typeof tracedMessage>;

/** The present quality of a call in progress. */
export const measuredCall = z.object({
  callId: objectId,
  /** As in a CallRecord. */
  mos: z.number(),
  quality: callQuality,
});
export type MeasuredCall = z.infer<typeof measuredCall>;

/** A call in the call history. Times are Unix times in milliseconds. */
export const callRecord = z.object({
  callId: objectId,
  direction: z.enum(['incoming', 'outgoing']),
  /** The other party: the caller's claimed address, or the dialled one. Untrusted text: never use it as a metric label. */
  remote: cleanText(256, storable),
  /** The other party's name in the room, or "Anonymous". Untrusted text. */
  displayName: cleanText(256, displayable).optional(),
  dialled: cleanText(256, storable),
  /** The phone of this server that the call is with. */
  phone: sipUser.optional(),
  trunk: z.string().max(64).nullable(),
  roomId: roomId.nullable(),
  codec: z.string().max(32).nullable(),
  /** How the audio between the phone and the gateway is encrypted: `none`, or SRTP with keys in the SDP (`sdes`) or by DTLS (`dtls`). Null before the answer. */
  encryption: z.enum(['none', 'sdes', 'dtls']).nullable().default(null),
  startedAtMs: z.int(),
  answeredAtMs: z.int().nullable(),
  endedAtMs: z.int().nullable(),
  /** Why it ended, e.g. `remote`, `local`, `cancelled`, `refused`, `kicked`, `wrong-pin`, `transferred`. */
  endCause: z.string().max(32).nullable(),
  /** SIP status if the call was refused. */
  sipStatus: z.int32().nullable(),
  /** The other side's Reason fields (RFC 3326), e.g. `Q.850;cause=17;text="User busy"`, or the reason phrase. Untrusted text. */
  endReason: cleanText(256, storable).optional(),
  /** Estimated mean opinion score of the audio the gateway received, 1 to 4.5. */
  mos: z.number().nullable(),
  /** Null while nothing has been measured. */
  quality: callQuality.nullable().default(null),
  /** What the trunk says about the caller; absent if nothing. */
  attributes: participantAttributes.optional(),
  /** What is known about the caller's number; absent if nothing. */
  verification: callerVerification.optional(),
  /** The last transfer that was asked for in this call; absent if there was none. */
  transfer: z
    .object({
      /** The number or address that the call was to be transferred to. */
      target: cleanText(256, storable),
      /** SIP status of the call to the target, or of the refusal; null while it is not known. */
      sipStatus: z.int32().nullable(),
    })
    .optional(),
});
export type CallRecord = z.infer<typeof callRecord>;
