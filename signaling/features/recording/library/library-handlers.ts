import { type Handlers, type Kernel, may } from '../../../kernel/index.ts';
import type { Compositions } from '../compositions.ts';
import type { LIBRARY_REQUESTS } from '../contract.ts';
import type { RecordingRow } from '../tables.ts';
import type { Library } from './library.ts';
import type { RecordedChat } from './recorded-chat.ts';
import type { RecordingAccess, Viewer } from './recording-access.ts';
import { recordingPath } from './recording-routes.ts';

/** How long the URLs of a recording's files are valid, in milliseconds: longer than most recordings, since players fetch them piece by piece. */
export const PLAY_MS = 6 * 3_600_000;

export function libraryHandlers(
  kernel: Kernel,
  library: Library,
  { access, chat, compositions }: { access: RecordingAccess; chat: RecordedChat; compositions: Compositions },
): Handlers<keyof typeof LIBRARY_REQUESTS> {
  const describe = async (viewer: Viewer, row: RecordingRow) => ({
    ...(await library.describe(row)),
    canManage: access.canManage(viewer, row),
    canShare: may(viewer.principal, 'recording.control', viewer.room),
  });
  return {
    'recording.list': async (session, { roomId, ...page }) => {
      const viewer = await access.viewer(session, roomId);
      const { rows, more } = await library.page([roomId], page);
      return { recordings: await Promise.all(rows.map((row) => describe(viewer, row))), more };
    },

    'recording.recent': async (session, page) => {
      const viewers = await access.viewers(session);
      if (viewers.size === 0) {
        return { recordings: [], more: false };
      }
      const { rows, more } = await library.page([...viewers.keys()], page);
      const described = rows.map(async (row) => {
        const viewer = viewers.get(row.room_id);
        return (
          viewer && {
            ...(await describe(viewer, row)),
            ...{ roomId: row.room_id, roomTitle: viewer.room.title },
          }
        );
      });
      return { recordings: (await Promise.all(described)).filter((each) => each !== undefined), more };
    },

    'recording.open': async (session, { roomId, recordingId }) => {
      const { principal } = await access.viewer(session, roomId);
      await access.find(recordingId, roomId);
      const { accountId } = principal;
      const path = recordingPath(recordingId);
      const ticket = kernel.urlTickets.ticket({ method: 'GET', path, accountId }, PLAY_MS);
      const tracks = (await library.manifest(recordingId))?.tracks ?? [];
      const done = (await compositions.of(recordingId)).filter(({ status }) => status === 'done');
      return {
        compositions: done.map((each) => ({
          ...each,
          url: `${path}/compositions/${each.compositionId}?ticket=${ticket}`,
        })),
        tracks: tracks.map((track) => ({ ...track, url: `${path}/tracks/${track.file}?ticket=${ticket}` })),
        eventsUrl: `${path}/events?ticket=${ticket}`,
        zipUrl: `${path}/zip?ticket=${ticket}`,
      };
    },

    'recording.chat': async (session, { roomId, recordingId, after }) => {
      const viewer = await access.viewer(session, roomId);
      return chat.page(viewer, await access.find(recordingId, roomId), after);
    },

    'recording.delete': async (session, { roomId, recordingId }) => {
      const viewer = await access.viewer(session, roomId);
      const row = await access.find(recordingId, roomId);
      access.demandManaging(viewer, row);
      await library.delete(row);
      return {};
    },
  };
}
