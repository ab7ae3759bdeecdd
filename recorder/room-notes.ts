import type { BridgeSession } from '../client/sdk/index.ts';
import type { RecordingEvent } from '../contract/index.ts';

/** An event that has yet to get its position. */
export type Note = RecordingEvent extends infer Event
  ? Event extends RecordingEvent
    ? Omit<Event, 'atMs'>
    : never
  : never;

/**
 * Notes from a room's log who is there and under which name, who speaks, and whom moderators show large. The session must have entered the
 * room. Chat is not noted: its messages can be deleted, so the server adds what is left of them when a recording is read.
 */
export function noteRoom(session: BridgeSession, note: (note: Note) => void): void {
  const names = new Map<string, string>();
  const joined = ({ participantId, displayName }: { participantId: string; displayName: string }) => {
    names.set(participantId, displayName);
    note({ kind: 'joined', participantId, displayName });
  };
  const lit = (participantIds: readonly string[]) =>
    note({ kind: 'spotlight', participantIds: [...participantIds] });
  for (const participant of session.participants.values()) {
    joined(participant);
  }
  if (session.spotlight.participantIds.length > 0) {
    lit(session.spotlight.participantIds);
  }
  session.on('participant-joined', joined);
  session.on('participant-updated', ({ participantId, displayName }) => {
    if (names.get(participantId) !== displayName) {
      names.set(participantId, displayName);
      note({ kind: 'renamed', participantId, displayName });
    }
  });
  session.on('participant-left', ({ participantId, displayName }) => {
    names.delete(participantId);
    note({ kind: 'left', participantId, displayName });
  });
  session.on('speaker', (participantId) => note({ kind: 'speaker', participantId }));
  session.spotlight.on('changed', lit);
}
