/** A message between client and server when the client sends or receives it, in milliseconds. */
export interface Sighting {
  atMs: number;
  from: 'client' | 'server';
}

/** How much earlier than after a whole round trip an answer may seem to come, as timers are imprecise, in milliseconds. */
const SLACK_MS = 3;

/**
 * How many round trips can have followed each other until the client received the message at `endMs`. Counted backwards: the last thing the
 * client sent that the message can be an answer to, the last thing it had received before, and so on.
 */
export function countTrips(
  sightings: readonly Sighting[],
  { startMs, endMs, roundTripMs }: { startMs: number; endMs: number; roundTripMs: number },
): number {
  const latest = (from: Sighting['from'], untilMs: number) =>
    Math.max(
      ...sightings
        .filter((each) => each.from === from && each.atMs >= startMs && each.atMs <= untilMs)
        .map(({ atMs }) => atMs),
    );
  let trips = 0;
  let receivedMs = endMs;
  for (;;) {
    const sentMs = latest('client', receivedMs - roundTripMs + SLACK_MS);
    if (!Number.isFinite(sentMs)) {
      return trips;
    }
    trips += 1;
    receivedMs = latest('server', sentMs);
  }
}
