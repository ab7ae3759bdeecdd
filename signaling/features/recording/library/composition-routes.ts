import { nothing } from '../../../../contract/index.ts';
import { errorResponses, type Kernel } from '../../../kernel/index.ts';
import { compositionChoice, compositionInfo } from '../composition-contract.ts';
import type { Compositions } from '../compositions.ts';
import type { Library } from './library.ts';
import type { RecordingAccess } from './recording-access.ts';
import { BYTES, sendComposition } from './recording-routes.ts';
import { roomCompositionParams, roomRecordingParams } from './rest.ts';

/** The operator's routes for what is made of recordings. */
export function registerCompositionRoutes(
  kernel: Kernel,
  library: Library,
  { access, compositions }: { access: RecordingAccess; compositions: Compositions },
): void {
  kernel.adminRoutes('recording.administer', (app) => {
    app.post(
      '/api/rooms/:roomId/recordings/:recordingId/compositions',
      {
        config: { act: 'recording.compose' },
        schema: {
          description:
            'Has a video, or sound alone, made of a recording that has ended. Asking for the same again returns what there is, or tries again if it failed.',
          params: roomRecordingParams,
          body: compositionChoice,
          response: { 200: compositionInfo, ...errorResponses },
        },
      },
      async ({ params: { roomId, recordingId }, body }) =>
        compositions.add(await access.find(recordingId, roomId), body),
    );
    app.get(
      '/api/rooms/:roomId/recordings/:recordingId/compositions/:compositionId',
      {
        schema: {
          description: 'How far a video of a recording is.',
          params: roomCompositionParams,
          response: { 200: compositionInfo, ...errorResponses },
        },
      },
      async ({ params: { roomId, recordingId, compositionId } }) => {
        await access.find(recordingId, roomId);
        return compositions.find(recordingId, compositionId);
      },
    );
    app.get(
      '/api/rooms/:roomId/recordings/:recordingId/compositions/:compositionId/file',
      {
        config: { act: 'recording.download' },
        schema: {
          description: 'The video, or sound, of a recording. Supports `Range`.',
          params: roomCompositionParams,
          response: BYTES,
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { roomId, recordingId, compositionId } = request.params;
        await access.find(recordingId, roomId);
        return sendComposition(request, reply, await library.composition(recordingId, compositionId), true);
      },
    );
    app.delete(
      '/api/rooms/:roomId/recordings/:recordingId/compositions/:compositionId',
      {
        config: { act: 'recording.deleteComposition' },
        schema: {
          description: 'Deletes a video of a recording, or ends it if it is being made.',
          params: roomCompositionParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { roomId, recordingId, compositionId } }) => {
        await access.find(recordingId, roomId);
        await compositions.delete(recordingId, compositionId);
        return {};
      },
    );
  });
}
