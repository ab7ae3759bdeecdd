import type { Handlers } from '../../../../kernel/index.ts';
import type { SHARING_REQUESTS } from '../../sharing-contract.ts';
import type { RecordingAccess } from '../recording-access.ts';
import type { Sharing } from './sharing.ts';
import type { RecordingShareRow } from './tables.ts';

export function sharingHandlers(
  sharing: Sharing,
  access: RecordingAccess,
): Handlers<keyof typeof SHARING_REQUESTS> {
  return {
    'recording.share': async (session, { roomId, ...wanted }) => {
      const { row, url } = await sharing.share(await access.viewer(session, roomId), wanted);
      return { ...infoOfShare(row), url };
    },

    'recording.shares': async (session, { roomId, recordingId }) => {
      await sharing.find(await access.viewer(session, roomId), recordingId);
      return { shares: (await sharing.shares.of(recordingId)).map(infoOfShare) };
    },

    'recording.unshare': async (session, { roomId, recordingId, shareId }) => {
      await sharing.find(await access.viewer(session, roomId), recordingId);
      await sharing.shares.withdraw(recordingId, shareId);
      return {};
    },
  };
}

/** A link without its address. */
export function infoOfShare(row: RecordingShareRow) {
  return {
    shareId: row.share_id,
    createdBy: row.display_name,
    createdAtMs: Number(row.created_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
  };
}
