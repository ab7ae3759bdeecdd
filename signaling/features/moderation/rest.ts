/** Bodies of the REST API for open rooms. Every request needs the API key. */
import { z } from 'zod';
import { objectId, participant, roomParams } from '../../../contract/index.ts';

const roomParticipant = participant
  .pick({
    participantId: true,
    peerId: true,
    accountId: true,
    displayName: true,
    kind: true,
    role: true,
    connected: true,
  })
  .extend({
    certifiedName: z.string().describe('The name in the certificate, or the name of a phone.'),
    /** Whether the participant cannot be heard: it is muted or has no microphone. */
    muted: z.boolean(),
    sinceMs: z.number().describe('When the participant joined: Unix time in milliseconds.'),
  });

export const roomInfo = z.object({ roomId: z.string(), participants: z.array(roomParticipant) });
export const roomList = z.object({ rooms: z.array(roomInfo) });

export const roomParticipantParams = roomParams.extend({ participantId: objectId });

/** Only phones can be unmuted by others. */
export const muteRequest = z.object({
  muted: z.boolean(),
  deny: z
    .boolean()
    .default(false)
    .describe('Keeps the participant from unmuting, unless it moderates the room.'),
});

export const closeRoomResponse = z.object({
  /** Number of connections this ended. */
  connectionsEnded: z.int(),
});

export type RoomInfo = z.infer<typeof roomInfo>;
