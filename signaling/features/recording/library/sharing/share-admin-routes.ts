import { nothing, objectId } from '../../../../../contract/index.ts';
import { errorResponses, type Kernel } from '../../../../kernel/index.ts';
import { recordingShares } from '../../sharing-contract.ts';
import type { RecordingAccess } from '../recording-access.ts';
import { roomRecordingParams } from '../rest.ts';
import type { Shares } from './shares.ts';
import { infoOfShare } from './sharing-handlers.ts';

const shareParams = roomRecordingParams.extend({ shareId: objectId });

/** Routes for administrators. They create no links: a link would stay valid after the administrator has lost the role. */
export function registerShareAdminRoutes(kernel: Kernel, access: RecordingAccess, shares: Shares): void {
  kernel.adminRoutes('recording.administer', (app) => {
    app.get(
      '/api/rooms/:roomId/recordings/:recordingId/shares',
      {
        schema: {
          description:
            'The valid links with which people without an account see a recording, without their addresses.',
          params: roomRecordingParams,
          response: { 200: recordingShares, ...errorResponses },
        },
      },
      async ({ params: { roomId, recordingId } }) => {
        await access.find(recordingId, roomId);
        return { shares: (await shares.of(recordingId)).map(infoOfShare) };
      },
    );
    app.delete(
      '/api/rooms/:roomId/recordings/:recordingId/shares/:shareId',
      {
        config: { act: 'recording.unshare' },
        schema: {
          description: 'Withdraws a link to a recording.',
          params: shareParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { roomId, recordingId, shareId } }) => {
        await access.find(recordingId, roomId);
        await shares.withdraw(recordingId, shareId);
        return {};
      },
    );
  });
}
