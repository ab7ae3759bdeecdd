/** Calls between two people: they ring on every device of the person called, and go on in a room of their own. */
import { z } from 'zod';
import {
  cleanText,
  displayable,
  displayName,
  nothing,
  objectId,
  sha256Hex,
} from '../../../contract/index.ts';

/** How much the caller wants to show; whoever answers decides for themselves. */
const callMedia = z.enum(['audio', 'video']);

/**
 * Why a call ended. `completed`: they talked; `lost`: the connection of one of them was lost; `failed`: answered, but they never met, or the
 * telephone number could not be called; `forwarded`: it went on to somebody else, as the person called wishes;
 * `offline`: no device of the person called was connected, no phone registered; `busy`: in another direct call, or not to be disturbed.
 */
const callOutcome = z.enum([
  'completed',
  'lost',
  'failed',
  'declined',
  'busy',
  'unanswered',
  'cancelled',
  'offline',
  'forwarded',
]);

const person = z.object({
  accountId: sha256Hex,
  /** The name in the person's certificate. */
  displayName,
});

/** Who the other one is: a person, or somebody on a phone that is nobody's. */
const counterpart = z.object({
  /** Absent for somebody on a phone. */
  accountId: sha256Hex.optional(),
  /** The telephone number, for somebody on a phone; absent if it is withheld. Trunks do not prove who calls. */
  number: z.string().optional(),
  /** The name in the person's certificate, or the name that the phone gave. */
  displayName,
});

/** Tells a program, e.g. a tab, from others on the same device. Chosen by the client; the same after a reconnect. */
const clientId = objectId;

/**
 * An account id (64 hex digits), an account's alias (40 hex digits), or `tel:` and a telephone number: that of a person of this server, one of
 * its phones, or one that the dial plan permits.
 */
const callAddress = z.string().regex(/^([0-9a-f]{64}|[0-9a-f]{40}|tel:[0-9A-Za-z+*#._() -]{1,64})$/);

const unixMs = z.number().describe('Unix time in milliseconds.');

/** A call as one connection of one of its people sees it. */
const directCall = z.object({
  callId: objectId,
  direction: z.enum(['incoming', 'outgoing']),
  /** The other one. */
  person: counterpart,
  media: callMedia,
  /** `calling`: no device has said that it rings yet. */
  state: z.enum(['calling', 'ringing', 'answered', 'ended']),
  /** Whether this connection placed, answered or declined it. Otherwise another device of the account did, or nobody has yet. */
  here: z.boolean(),
  /** The account's own phone that the call is on: its user name. Absent: on a device, or not answered yet. */
  phone: z.string().optional(),
  /** Incoming only: the person whom the caller called, who forwards their calls here. */
  forwardedBy: displayName.optional(),
  /** Incoming only: the account is in a meeting, so ring quietly. */
  waiting: z.boolean().optional(),
  startedAtMs: unixMs,
  answeredAtMs: unixMs.optional(),
  endedAtMs: unixMs.optional(),
  outcome: callOutcome.optional(),
  /** The room to join, while it is answered. */
  roomId: z.string().optional(),
});

/** A call that is over, as the list of recent calls has it. Each person has their own list. */
const recentCall = z.object({
  callId: objectId,
  direction: z.enum(['incoming', 'outgoing']),
  /** Who it was with: for `account`, `id` is the account's id; for `number`, the telephone number, empty if it was withheld;
   * for `room`, the room that the account's phone was in. */
  peer: z.object({ kind: z.enum(['account', 'number', 'room']), id: z.string(), displayName: z.string() }),
  media: callMedia,
  startedAtMs: unixMs,
  answeredAtMs: unixMs.optional(),
  endedAtMs: unixMs,
  outcome: callOutcome,
  /** Incoming, and never answered nor declined. */
  missed: z.boolean(),
  /** The account's own phone that it was on: its user name. */
  phone: z.string().optional(),
  /** The codec of the phone in the call, and the estimated mean opinion score of its audio, 1 to 4.5. */
  codec: z.string().optional(),
  mos: z.number().optional(),
});

/** Where calls go. */
const forwardTarget = z.object({
  /** As in `call.start`: an account id or alias, or `tel:` and a number. Numbers must be permitted by the dial plan. */
  to: callAddress,
  /** The name of the person there. Ignored in requests. */
  displayName: displayName.optional(),
});

const callSettings = z.object({
  /** Who may call this account. Default `everyone`: all members and admins of the server. */
  callsFrom: z.enum(['everyone', 'contacts', 'nobody']),
  /** Callers are told that this person is busy. Default false. */
  doNotDisturb: z.boolean(),
  /** How long recent calls are kept, in days. Default 90. */
  historyDays: z.union([z.literal(7), z.literal(30), z.literal(90), z.literal(365)]),
  /** Whether the page proposes to withhold the number of this person when they call a telephone number. Absent: false. */
  withholdNumber: z.boolean().optional(),
  /** Where calls go that this person does not take. A change replaces all of it. Default: nowhere. */
  forwarding: z
    .object({
      /** All calls, without ringing here. */
      always: forwardTarget.optional(),
      /** While in another direct call, or not to be disturbed. */
      busy: forwardTarget.optional(),
      /** Nobody answered in time, or no device is connected. */
      unanswered: forwardTarget.extend({ afterSeconds: z.int().min(5).max(60) }).optional(),
    })
    .optional(),
});

export const DIRECT_CALL_REQUESTS = {
  /**
   * Makes this connection ring from now on, and answers with the calls in progress; later changes follow as `call.changed`. Send it after
   * every connect.
   */
  'call.watch': {
    data: z.object({
      clientId,
    }),
    result: z.object({
      calls: z.array(directCall),
      /** Number of missed calls that no device has shown yet. */
      missed: z.int(),
      settings: callSettings,
      /** Whether this account may call telephone numbers. */
      numbers: z.boolean().optional(),
    }),
  },
  /**
   * Calls somebody. Repeating it with the same `callId` changes nothing. If they are calling this account at the moment, that call is
   * answered instead. A call that cannot ring is answered with `ended` and its outcome. For members and admins.
   */
  'call.start': {
    data: z.object({
      /** Chosen by the client. */
      callId: objectId,
      clientId,
      to: callAddress,
      media: callMedia.default('audio'),
      /** For telephone numbers: whoever is called must not learn who calls. Default false. */
      withheld: z.boolean().optional(),
    }),
    result: z.object({ call: directCall }),
  },
  /** Tells the caller that this device rings. */
  'call.ringing': { data: z.object({ callId: objectId }), result: nothing },
  /** Answers an incoming call on this connection; only the first device does. Ends this account's other direct call. Then join `roomId`. */
  'call.answer': { data: z.object({ callId: objectId, clientId }), result: z.object({ call: directCall }) },
  /** Declines an incoming call on all devices. */
  'call.decline': { data: z.object({ callId: objectId, clientId }), result: nothing },
  /** Cancels or hangs up a call, for both. */
  'call.end': { data: z.object({ callId: objectId, clientId }), result: nothing },
  /** Calls that are over, latest first. */
  'call.list': {
    data: z.object({
      limit: z.int().min(1).max(100).default(50),
      /** Returns only calls before this one in the list. For the next page: the last one's. */
      before: z.object({ startedAtMs: z.int().min(0), callId: objectId }).optional(),
      /** Part of a name. */
      search: cleanText(64, displayable).optional(),
      missedOnly: z.boolean().default(false),
    }),
    result: z.object({ calls: z.array(recentCall), missed: z.int() }),
  },
  /** The user has seen the missed calls until this time: they count no more, on all devices. */
  'call.seen': { data: z.object({ untilMs: z.int().min(0) }), result: nothing },
  /** Deletes calls from this account's list: these, or all. The other person's list keeps them. */
  'call.forget': {
    data: z.object({ callIds: z.array(objectId).min(1).max(100).optional() }),
    result: nothing,
  },
  /** Changes who may call this account, and returns all settings; `{}` only reads them. */
  'call.configure': { data: callSettings.partial(), result: callSettings },
  /** Bars an account from calling this one, or lifts that. Ends its call that rings here. */
  'call.block': { data: z.object({ accountId: sha256Hex, blocked: z.boolean() }), result: nothing },
  /** The accounts that this one has barred, latest first. */
  'call.blocked': { data: nothing, result: z.object({ people: z.array(person) }) },
} as const;

export const DIRECT_CALL_EVENTS = {
  /** A call of this account has begun, changed or ended. Only the newest state counts. */
  'call.changed': z.object({ call: directCall }),
  /** The list of recent calls, or how many missed ones are unseen, has changed; reload what is shown. */
  'call.recent': z.object({ missed: z.int() }),
  /** The settings have changed, on another device or this one. */
  'call.settings': callSettings,
} as const;

export type DirectCall = z.infer<typeof directCall>;
export type RecentCall = z.infer<typeof recentCall>;
export type CallSettings = z.infer<typeof callSettings>;
export type CallMedia = z.infer<typeof callMedia>;
export type CallOutcome = z.infer<typeof callOutcome>;

type DirectCallRequests = typeof DIRECT_CALL_REQUESTS;
type DirectCallEvents = typeof DIRECT_CALL_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends DirectCallRequests {}
  interface Events extends DirectCallEvents {}
}
