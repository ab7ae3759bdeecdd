/** The phone gateway's control connection, and calls into a room. */
import { z } from 'zod';
import {
  callRecord,
  cleanText,
  dialTarget,
  displayable,
  displayName,
  errorBody,
  measuredCall,
  nothing,
  objectId,
  personNumber,
  roomId,
  savedRegistrations,
  sipTrunk,
  sipUser,
  telephonyConfig,
  tracedMessage,
  trunkAlarm,
  trunkContact,
  trunkRegistration,
  trunkUsage,
} from '../../../contract/index.ts';
import type { callList, phoneList, trunkList } from './rest.ts';

export { PERSON_PHONE_REQUESTS } from './phones-contract.ts';

export const TELEPHONY_REQUESTS = {
  /**
   * Calls a number or SIP address into the room through the gateway. The participant appears while it rings. For owners and moderators. A
   * bridge names the phone that asks for it.
   */
  'call.dial': {
    data: z.object({
      target: dialTarget,
      displayName: displayName.optional(),
      /** Whether the callee must not learn who calls. Default false. */
      withheld: z.boolean().optional(),
      participantId: objectId.optional(),
    }),
    result: z.object({ callId: objectId }),
  },
  /** Registers this connection, which must be in no room, as the gateway that places calls. */
  'gateway.register': {
    data: z.object({
      /** The gateway's current calls. Others that are in progress in the history are marked as lost. */
      callIds: z.array(objectId).max(10_000).default([]),
      /** It has just started: nobody returns to the seats of an earlier process. Default: if it has no calls. */
      restarted: z.boolean().optional(),
    }),
    result: telephonyConfig,
  },
  /** Records the state of a call in the history, when it starts, is answered and ends. */
  'gateway.record': { data: callRecord, result: nothing },
  /** A requested call failed; its requester is notified. `sipStatus`: the callee's, or the one that fits the failure best. */
  'gateway.dialFailed': {
    data: z.object({ callId: objectId, error: errorBody, sipStatus: z.int().min(300).max(699).optional() }),
    result: nothing,
  },
  /** A phone of a direct call rings. */
  'gateway.ringing': { data: z.object({ callId: objectId }), result: nothing },
  /** A phone of a direct call was answered. Bring it into this room. Hang it up if that is refused (CALL_TAKEN, CALL_ENDED). */
  'gateway.answered': { data: z.object({ callId: objectId }), result: z.object({ roomId }) },
  /** A phone calls a person by their number. `gateway.progress`, `gateway.connect` and `gateway.hangUp` follow. */
  'gateway.call': {
    data: z.object({
      callId: objectId,
      dialled: personNumber,
      caller: z.object({
        /** The phone of this server that calls; absent for other callers. */
        phone: sipUser.optional(),
        /** The trunk that the call came over. */
        trunk: sipTrunk.shape.name.optional(),
        /** Absent if it is withheld. */
        number: cleanText(64, displayable).min(1).optional(),
        displayName,
      }),
    }),
    result: nothing,
  },
  /** Reports the registration state of all trunks (at most 500), and which of their next hops answer, after every change. */
  'gateway.trunks': {
    data: z.object({
      registrations: z.array(trunkRegistration.extend({ trunk: sipTrunk.shape.name })).max(500),
      contacts: z
        .array(trunkContact.extend({ trunk: sipTrunk.shape.name }))
        .max(1000)
        .optional(),
    }),
    result: nothing,
  },
  /** Reports the quality of all calls that have been answered, every few seconds. */
  'gateway.quality': {
    data: z.object({ calls: z.array(measuredCall).max(1000) }),
    result: nothing,
  },
  /** Answers `gateway.trace`, message by message; null: that was the last one. */
  'gateway.traced': {
    data: z.object({ traceId: objectId, message: tracedMessage.nullable() }),
    result: nothing,
  },
  /** Reports what was used of trunks, as totals of their days, at least every 15 s while they are used. */
  'gateway.usage': { data: z.object({ usage: z.array(trunkUsage).max(1000) }), result: nothing },
  /** Reports that a trunk comes close to one of its limits, or has reached it. */
  'gateway.trunkAlarm': { data: trunkAlarm, result: nothing },
  /**
   * Saves registrations for a restart of the gateway. Those of a phone replace its earlier ones. Phones and trunks that do not exist are
   * ignored.
   */
  'gateway.saveRegistrations': { data: savedRegistrations, result: nothing },
  /** Fetches the saved registrations that have not expired, in pages. The first one has those at trunks. */
  'gateway.loadRegistrations': {
    data: z.object({
      /** `next` of the previous page. */
      after: sipUser.optional(),
    }),
    result: savedRegistrations.extend({ next: sipUser.nullable() }),
  },
} as const;

export const TELEPHONY_EVENTS = {
  /** A call that this peer requested has failed. */
  'call.failed': z.object({ callId: objectId, error: errorBody }),
  /** To the gateway: place this call into that room. `caller`: the name of the person calling, shown to the callee unless `withheld`. */
  'gateway.dial': z.object({
    callId: objectId,
    roomId,
    target: z.string(),
    displayName: z.string(),
    caller: z.string().optional(),
    withheld: z.boolean().optional(),
  }),
  /** To the gateway: send the SIP messages of this call. */
  'gateway.trace': z.object({ traceId: objectId, callId: objectId }),
  /**
   * To the gateway: connect the other party of this call with somebody else. `target`: a number of the call's trunk, or of a room, where it
   * goes then; `otherCallId`: the party of another call through the same trunk. The outcome is recorded in the call's `transfer`.
   */
  'gateway.transfer': z.object({
    callId: objectId,
    target: z.string().optional(),
    otherCallId: objectId.optional(),
  }),
  /** To the gateway: hang up this call. */
  'gateway.hangUp': z.object({
    callId: objectId,
    /** The answer to a phone that calls a person, if that call has not been answered. Default 480. */
    sipStatus: z.int().optional(),
    /** What the person called did on another device, so that the phone shows no missed call. */
    elsewhere: z.enum(['answered', 'declined']).optional(),
  }),
  /** To the gateway: ring this phone or number for a direct call. */
  'gateway.ring': z.object({
    callId: objectId,
    target: z.string(),
    /** The name of the person called, shown in the room. */
    displayName: z.string(),
    /** Shown to the person called. */
    caller: z.object({ displayName: z.string(), number: z.string().optional() }),
    /** Whether that must not be shown. Default false. */
    withheld: z.boolean().optional(),
    ringSeconds: z.number(),
  }),
  /** To the gateway: the person whom this phone calls is being rung. */
  'gateway.progress': z.object({ callId: objectId }),
  /** To the gateway: the person whom this phone calls has answered. Bring the phone into this room. */
  'gateway.connect': z.object({ callId: objectId, roomId }),
  /** To the gateway: the settings have changed. */
  'gateway.config': telephonyConfig,
} as const;

type TelephonyRequests = typeof TELEPHONY_REQUESTS;
type TelephonyEvents = typeof TELEPHONY_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends TelephonyRequests {}
  interface Events extends TelephonyEvents {}
}

declare module '../../../contract/wire.ts' {
  interface OperatorAnswers {
    'GET /api/sip/phones': typeof phoneList;
    'DELETE /api/sip/phones/:username': typeof nothing;
    'GET /api/sip/trunks': typeof trunkList;
    'DELETE /api/sip/trunks/:name': typeof nothing;
    'GET /api/sip/calls': typeof callList;
    'DELETE /api/sip/calls/:callId': typeof nothing;
  }
}
