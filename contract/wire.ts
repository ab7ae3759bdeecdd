/**
 * Message framing. A request is the socket.io event of its name with `{id, data}` and an acknowledgement callback, which receives `{ok:
 * true, result}` or `{ok: false, error}`. An event is the socket.io event of its name with one argument.
 */
import { z } from 'zod';
import type { ErrorBody } from '../base/errors/index.ts';
import { requestId } from './common.ts';

/** Schemas of a request (`data`) and of its acknowledgement (`result`). */
export interface RequestSchema {
  readonly data: z.ZodType;
  readonly result: z.ZodType;
}

/**
 * Every request by name. Empty here: each part of the server adds its own requests by declaration merging, so that each is defined in one
 * place.
 */
// biome-ignore lint/suspicious/noEmptyInterface: merged into by the files that define requests
export interface Requests {}

/** Every message that the server sends unprompted, by name; merged like Requests. */
// biome-ignore lint/suspicious/noEmptyInterface: merged into by the files that define events
export interface Events {}

/**
 * The part of the `room.join` result that each feature contributes, by name; merged like Requests. Later changes are entries of the room
 * log.
 */
// biome-ignore lint/suspicious/noEmptyInterface: merged into by the features that add to the snapshot
export interface SnapshotParts {}

/**
 * What the routes of the operator's API answer, by method and path as the server registers them. Empty here: features add the routes that
 * the SDK knows; merged like Requests.
 */
// biome-ignore lint/suspicious/noEmptyInterface: merged into by the features that answer
export interface OperatorAnswers {}

export type RequestName = keyof Requests;
/** What a client sends as `data` (fields with defaults may be omitted). */
export type RequestInput<N extends RequestName> = z.input<Requests[N]['data']>;
/** What a handler receives: validated, with defaults filled in. */
export type RequestData<N extends RequestName> = z.output<Requests[N]['data']>;
export type RequestResult<N extends RequestName> = z.input<Requests[N]['result']>;

export type EventName = keyof Events;
export type EventData<N extends EventName> = z.output<Events[N]>;

export type SnapshotPart<N extends keyof SnapshotParts> = z.output<SnapshotParts[N]>;
/** All parts; an optional one may be absent. */
export type SnapshotData = z.output<z.ZodObject<{ -readonly [N in keyof SnapshotParts]: SnapshotParts[N] }>>;

export type OperatorRoute = keyof OperatorAnswers;
export type OperatorAnswer<R extends OperatorRoute> = z.output<OperatorAnswers[R]>;

/** The envelope of every request. */
export const requestEnvelope = z.object({ id: requestId, data: z.unknown() });
export type RequestEnvelope = z.infer<typeof requestEnvelope>;

/**
 * What a client may send in socket.io's CONNECT packet (`auth`): its first requests, so that they need no round trip of their own. They are
 * handled one after the other, and each is answered by `session.answer`.
 */
export const firstRequests = z.object({
  requests: z.array(z.object({ name: z.string(), ...requestEnvelope.shape })).max(2),
});
export type FirstRequest = z.input<typeof firstRequests>['requests'][number];

export type Answer<R> = { ok: true; result: R } | { ok: false; error: ErrorBody };
