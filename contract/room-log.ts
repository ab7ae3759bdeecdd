/** The room log on the wire: events that carry their place in their room's one order. */
import { z } from 'zod';
import type { EventData, EventName } from './wire.ts';

export const logPosition = z.object({
  /** The log: a room that closed and opened again has another one. */
  logId: z.string().min(1).max(64),
  /** The entry, counted from 1 without gaps; 0: before the first. */
  seq: z.int().min(0),
});
export type LogPosition = z.infer<typeof logPosition>;

/** An entry as `room.join` gives it to a peer that missed it: the event of the name `kind`. */
export const logEntry = z.object({
  seq: z.int().min(1),
  kind: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type LogEntry = z.infer<typeof logEntry>;

/** The schema of an event that is an entry of the room log. Room.append() sends it. */
export function logged<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object({ ...shape, log: logPosition });
}

/** Names of the events that are entries of the room log. */
export type LoggedEvent = {
  [N in EventName]: EventData<N> extends { log: LogPosition } ? N : never;
}[EventName];
/** What an entry says, without its position. */
export type EntryData<N extends LoggedEvent> = Omit<EventData<N>, 'log'>;
