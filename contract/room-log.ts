/** The room log on the wire: events with their position in the room's total order. */
import { z } from 'zod';
import type { EventData, EventName } from './wire.ts';

export const logPosition = z.object({
  /** Identifies the log. A room that was closed and reopened has a new one. */
  logId: z.string().min(1).max(64),
  /** Number of the entry, from 1 without gaps; 0: before the first. */
  seq: z.int().min(0),
});
export type LogPosition = z.infer<typeof logPosition>;

/** An entry that a peer missed, in the result of `room.join`: the data of the event named `kind`. */
export const logEntry = z.object({
  seq: z.int().min(1),
  kind: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type LogEntry = z.infer<typeof logEntry>;

/** The schema of an event that is an entry of the room log, sent by Room.append(). */
export function logged<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object({ ...shape, log: logPosition });
}

/** Names of the events that are entries of the room log. */
export type LoggedEvent = {
  [N in EventName]: EventData<N> extends { log: LogPosition } ? N : never;
}[EventName];
/** The data of an entry, without its position. */
export type EntryData<N extends LoggedEvent> = Omit<EventData<N>, 'log'>;
