/** What webhooks report: each type with its data. */
import { z } from 'zod';

const unixMs = z.number().describe('Unix time in milliseconds.');
const room = { roomId: z.string() };
const participant = {
  ...room,
  participantId: z.string(),
  kind: z.enum(['user', 'phone', 'stream']),
  displayName: z.string(),
  accountId: z.string().nullable().describe('Null for phones.'),
};
const call = {
  callId: z.string(),
  direction: z.enum(['incoming', 'outgoing']),
  roomId: z.string().nullable(),
  remote: z.string().describe('The number or address of the other party, as it claims.'),
  startedAtMs: unixMs,
  attributes: z
    .record(z.string(), z.string())
    .optional()
    .describe('What the trunk says about the caller, by its setting `headers`.'),
};

export const WEBHOOK_EVENTS = {
  'room.started': {
    when: 'A room opens, because someone enters it.',
    data: z.object({ ...room, title: z.string().nullable() }),
  },
  'room.ended': {
    when: 'A room closes, after everyone has left.',
    data: z.object({ ...room, title: z.string().nullable(), seconds: z.number() }),
  },
  'participant.joined': {
    when: 'A person or a phone enters a room. Not when someone returns after a lost connection.',
    data: z.object(participant),
  },
  'participant.left': {
    when: 'A person or a phone has left a room.',
    data: z.object({
      ...participant,
      reason: z.enum(['left', 'lost', 'kicked', 'closed']),
      seconds: z.number(),
    }),
  },
  'chat.message': {
    when: 'Someone writes in the chat of a room. It has the text, so it is sent only to those who ask for it, and not for end-to-end encrypted rooms.',
    data: z.object({
      ...room,
      seq: z.number(),
      accountId: z.string(),
      displayName: z.string(),
      text: z.string(),
    }),
  },
  'lobby.waiting': {
    when: 'Someone starts to wait in a lobby.',
    data: z.object({ ...room, displayName: z.string(), accountId: z.string().nullable() }),
  },
  'invitation.used': {
    when: 'An account uses a one-time invitation, also the one that it gets when it is admitted from a lobby.',
    data: z.object({ accountId: z.string(), role: z.string(), roomId: z.string().nullable() }),
  },
  'account.created': {
    when: 'A person or a program gets an account.',
    data: z.object({ accountId: z.string(), displayName: z.string(), role: z.string() }),
  },
  'account.revoked': {
    when: 'The operator revokes an account.',
    data: z.object({ accountId: z.string() }),
  },
  'call.started': { when: 'A phone call begins, in either direction.', data: z.object(call) },
  'call.ended': {
    when: 'A phone call has ended.',
    data: z.object({
      ...call,
      answeredAtMs: unixMs.nullable(),
      endedAtMs: unixMs,
      endCause: z.string().nullable(),
    }),
  },
  'trunk.alarm': {
    when: 'A trunk has used 80 % or all of one of its daily limits, or ten calls to numbers that it bars were tried in a day.',
    data: z.object({
      trunk: z.string(),
      kind: z.enum(['minutes', 'cost', 'numbers']),
      prefix: z.string().nullable().describe('The prefix whose limit it is; null: the whole trunk.'),
      level: z.enum(['warning', 'reached']),
      used: z.number(),
      max: z.number(),
    }),
  },
} as const;

export type WebhookEventType = keyof typeof WEBHOOK_EVENTS;
export type WebhookEventData<T extends WebhookEventType> = z.input<(typeof WEBHOOK_EVENTS)[T]['data']>;

export const webhookEventType = z.enum(
  Object.keys(WEBHOOK_EVENTS) as [WebhookEventType, ...WebhookEventType[]],
);
/** What a test sends. Endpoints need not ask for it. */
export const PING = 'webhook.ping';
