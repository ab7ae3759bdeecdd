/** Bodies of the REST API for recordings. */
import { z } from 'zod';
import { objectId, recordedTrack, roomParams } from '../../../../contract/index.ts';
import { keptRecording, MAX_PAGE } from '../contract.ts';

export const recordingQuery = z.object({
  /** Only those that were started earlier. For the next page: `startedAtMs` of the last one. */
  before: z.coerce.number().optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE),
});
export const recordingList = z.object({ recordings: z.array(keptRecording), more: z.boolean() });

/** Of all rooms: without what has to be read from each recording's folder. */
export const allRecordingsQuery = recordingQuery.extend({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const roomRecordingParams = roomParams.extend({ recordingId: objectId });
export const roomCompositionParams = roomRecordingParams.extend({ compositionId: objectId });
export const recordingParams = z.object({ recordingId: objectId });

/** Name of a track's file, as the list of tracks has it. */
export const trackFile = z.string().max(100);
export const roomTrackParams = roomRecordingParams.extend({ file: trackFile });
export const trackParams = recordingParams.extend({ file: trackFile });
export const compositionParams = recordingParams.extend({ compositionId: objectId });

export const recordingWithTracks = keptRecording.extend({ tracks: z.array(recordedTrack) });

export const ticketQuery = z.object({ ticket: z.string().max(300) });
export const trackQuery = ticketQuery.extend({
  /** To have a browser save the file rather than play it. */
  download: z.literal('1').optional(),
});
