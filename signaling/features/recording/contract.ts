/** Recordings of rooms: made, and then listed, played and deleted. Their bytes go over HTTP. */
import { z } from 'zod';
import {
  displayName,
  logged,
  nothing,
  objectId,
  recordedTrack,
  recordingMode,
  roomId,
  roomTitle,
} from '../../../contract/index.ts';
import { compositionInfo } from './composition-contract.ts';

export { COMPOSITION_EVENTS, COMPOSITION_REQUESTS } from './composition-contract.ts';

export { SHARING_REQUESTS } from './sharing-contract.ts';

/** A recording in progress, as everyone in the room sees it. */
export const runningRecording = z.object({
  recordingId: objectId,
  /** `interrupted`: the recorder is being restarted; it goes on by itself. `paused` also if the recorder is down meanwhile. */
  status: z.enum(['recording', 'paused', 'interrupted']),
  mode: recordingMode,
  /** Unix time in milliseconds. */
  startedAtMs: z.number(),
  /** Who started it; null: the account was deleted. */
  startedBy: displayName.nullable(),
});
export type RunningRecording = z.infer<typeof runningRecording>;

/** Why a recording has ended. `empty`: everyone had left; `closed`: the operator switched recording off. */
export const recordingEnd = z.enum(['stopped', 'empty', 'disk-full', 'quota', 'failed', 'closed']);
export type RecordingEnd = z.infer<typeof recordingEnd>;

/** A recording, for those who may see it. */
export const recordingInfo = z.object({
  recordingId: objectId,
  /** `ending`: nothing more is recorded, but its files are not complete yet. */
  status: z.enum(['recording', 'paused', 'ending', 'ended']),
  mode: recordingMode,
  /** Unix times in milliseconds. */
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  /** Length without pauses, in milliseconds. */
  durationMs: z.number(),
  bytes: z.number(),
  startedBy: displayName.nullable(),
  /** Null while it runs. */
  reason: recordingEnd.nullable(),
});
export type RecordingInfo = z.infer<typeof recordingInfo>;

export const RECORDING_REQUESTS = {
  /** Starts recording the room. Everyone in it is notified. */
  'recording.start': {
    data: z.object({
      mode: recordingMode.default('video'),
      /** Whether everyone is recorded at full size, which every sender pays for. Default: the speaker and screens are. */
      full: z.boolean().default(false),
    }),
    result: z.object({ recordingId: objectId }),
  },
  /** Stops writing until `recording.resume`; the pause is left out of the recording. Idempotent. */
  'recording.pause': { data: nothing, result: nothing },
  'recording.resume': { data: nothing, result: nothing },
  /** Ends the recording. Answered when its files are complete. Idempotent. */
  'recording.stop': { data: nothing, result: nothing },
} as const;

/** Maximum number of recordings per answer. */
export const MAX_PAGE = 50;

export const keptRecording = recordingInfo.extend({
  /** Videos and sounds made of it, the oldest first. */
  compositions: z.array(compositionInfo),
  /** Names of the people in it, in the order in which they were first recorded. */
  people: z.array(z.string()),
  /** Whether its files are whole. False also while it runs. */
  isComplete: z.boolean(),
});
export type KeptRecording = z.infer<typeof keptRecording>;

/** A recording, as someone who asks for it sees it. */
const ownRecording = keptRecording.extend({
  /** Whether this account may delete it. */
  canManage: z.boolean(),
  /** Whether it may see and withdraw links to it, and create them unless the room forbids sharing (`recordingSharing`). */
  canShare: z.boolean(),
});

const page = {
  /** Only those that were started earlier, in Unix time in milliseconds. */
  before: z.number().optional(),
  limit: z.int().min(1).max(MAX_PAGE).default(MAX_PAGE),
};

/** The recordings of all rooms, for the operator. */
export const allRecordings = z.object({
  recordings: z.array(recordingInfo.extend({ roomId: z.string() })),
  more: z.boolean(),
  bytes: z.number().describe('Size of all recordings on the server, in bytes.'),
});

const place = { roomId, recordingId: objectId };

/** A message that was written in the room's chat meanwhile, as it is now. */
export const recordedMessage = z.object({
  /** Its position in the chat. */
  seq: z.int(),
  /** Position in the recording, in milliseconds. */
  atMs: z.number(),
  /** Null: the account was deleted. */
  displayName: displayName.nullable(),
  text: z.string(),
  /** Names of its files. */
  files: z.array(z.string()),
});
export type RecordedMessage = z.infer<typeof recordedMessage>;

export const LIBRARY_REQUESTS = {
  /** A room's recordings, newest first. For those who may see them, inside or outside. */
  'recording.list': {
    data: z.object({ roomId, ...page }),
    result: z.object({ recordings: z.array(ownRecording), more: z.boolean() }),
  },
  /**
   * The recordings that this account may see of the rooms that it owns, has a role in, or was in lately, newest first; of the 100 rooms with the
   * newest recordings.
   */
  'recording.recent': {
    data: z.object(page),
    result: z.object({
      recordings: z.array(ownRecording.extend({ roomId, roomTitle: roomTitle.nullable() })),
      more: z.boolean(),
    }),
  },
  /**
   * Where to get a recording's files: paths on this server, valid for six hours as long as the account may see the recording. Append
   * `&download=1` to have a browser save a file rather than play it.
   */
  'recording.open': {
    data: z.object(place),
    result: z.object({
      tracks: z.array(recordedTrack.extend({ url: z.string() })),
      /** Those that are finished. */
      compositions: z.array(compositionInfo.extend({ url: z.string() })),
      /** What happened meanwhile, one JSON object a line. */
      eventsUrl: z.string(),
      /** Everything, as a ZIP file. */
      zipUrl: z.string(),
    }),
  },
  /**
   * What was written in the chat during a recording, as far as this account may read it, oldest first: as it is now, without what was deleted
   * or written in a pause. Repeat it with `after: next` until `next` is null.
   */
  'recording.chat': {
    data: z.object({ ...place, after: z.int().min(0).default(0) }),
    result: z.object({ messages: z.array(recordedMessage), next: z.int().nullable() }),
  },
  /** Deletes a recording that has ended, with its files. For its room's owners, for admins, and for whoever started it. */
  'recording.delete': { data: z.object(place), result: nothing },
} as const;

export const RECORDING_EVENTS = {
  /** The room is being recorded, or no longer: then `recording` is null, and `reason` says why. */
  'recording.changed': logged({
    recording: runningRecording.nullable(),
    /** The participant who did it; null: the server. */
    by: objectId.nullable(),
    reason: recordingEnd.optional(),
  }),
} as const;

export const RECORDING_SNAPSHOT = {
  recording: z.object({
    /** Null: the room is not being recorded. */
    running: runningRecording.nullable(),
    /** Whether the server can record. */
    isAvailable: z.boolean(),
  }),
} as const;

type RecordingRequests = typeof RECORDING_REQUESTS;
type LibraryRequests = typeof LIBRARY_REQUESTS;
type RecordingEvents = typeof RECORDING_EVENTS;
type RecordingSnapshot = typeof RECORDING_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends RecordingRequests, LibraryRequests {}
  interface Events extends RecordingEvents {}
  interface SnapshotParts extends RecordingSnapshot {}
  interface OperatorAnswers {
    'GET /api/recordings': typeof allRecordings;
    'DELETE /api/rooms/:roomId/recordings/:recordingId': typeof nothing;
  }
}
