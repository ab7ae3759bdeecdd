import { rm } from 'node:fs/promises';
import { type Kernel, may } from '../../kernel/index.ts';
import { automaticVideo } from './automatic-video.ts';
import type { CompositionInfo } from './composition-contract.ts';
import { CompositionRecords } from './composition-records.ts';
import { Compositions } from './compositions.ts';
import { RECORDING_REQUESTS } from './contract.ts';
import { registerLibrary } from './library/index.ts';
import { openStorage } from './open-storage.ts';
import { recordingFolder } from './recording-folder.ts';
import { recordingHandlers } from './recording-handlers.ts';
import { RecordingRecords } from './recording-records.ts';
import { Recordings } from './recordings.ts';
import type { CompositionRow } from './tables.ts';

/** Entries of a room's log after which it may be empty, or no longer so. */
const PEOPLE_CHANGED = new Set(['participant.joined', 'participant.left']);

/** Tells those in the room who may see its recordings. */
function tellViewers(kernel: Kernel, row: CompositionRow, composition: CompositionInfo | null): void {
  const { recording_id: recordingId, composition_id: compositionId, room_id: roomId } = row;
  const room = kernel.rooms.find(roomId);
  for (const peer of room?.peers.values() ?? []) {
    if (room && may(peer.principal, 'recording.view', room.record)) {
      peer.send('recording.composition', { recordingId, compositionId, composition });
    }
  }
}

/** Recordings: a separate process records rooms, and everyone in them is notified. */
export function registerRecording(kernel: Kernel): void {
  const { config, store, log, recorder } = kernel;
  const records = new RecordingRecords(store);
  const queue = new CompositionRecords(store);
  const storage = openStorage(kernel, (recordingId) => queue.isWanted(recordingId));
  const compositions = new Compositions({
    ...{ config, recorder, queue, records, storage, log },
    changed: (row, composition) => {
      tellViewers(kernel, row, composition);
      if (composition?.status === 'done' || composition?.status === 'failed') {
        storage.nudge();
      }
    },
  });
  const recordings =
    recorder &&
    new Recordings({
      ...{ config, recorder, records, log },
      room: (roomId) => kernel.rooms.find(roomId),
      completing: async (row, { tracks }) => {
        const choice = automaticVideo(config, await kernel.rooms.record(row.room_id), row);
        if (choice && tracks.length > 0) {
          await compositions.addAutomatic(row, choice);
        }
      },
      completed: () => {
        compositions.begin();
        storage.nudge();
      },
    });
  kernel.requests(RECORDING_REQUESTS, recordingHandlers(recordings), {
    audited: ['recording.start', 'recording.pause', 'recording.resume', 'recording.stop'],
  });
  registerLibrary(kernel, { records, compositions, storage });
  kernel.starting.add(async () => compositions.begin());
  kernel.closing.add(() => compositions.close());
  kernel.snapshotPart('recording', (room) => ({
    running: recordings?.in(room.roomId) ?? null,
    isAvailable: recordings !== undefined,
  }));
  kernel.accountReplaced.add(({ from, to }) => records.replaceAccount(from, to));
  kernel.accountDeleting.add((accountId) => records.forgetAccount(accountId));
  // Also while nothing can be recorded: there may be older recordings.
  kernel.roomDeleted.add(async ({ db, roomId, committed }) => {
    await queue.forgetRoom(db, roomId);
    await storage.deleteRoom(db, roomId);
    const ids = await records.forgetRoom(db, roomId);
    committed.push(async () => {
      await recordings?.stop(roomId, null);
      await compositions.roomDeleted(roomId);
      await storage.stop({ room_id: roomId });
      for (const id of ids) {
        await rm(recordingFolder(config, id), { recursive: true, force: true });
      }
    });
  });
  if (!recordings) {
    kernel.starting.add(() => records.closeUnfinished(Date.now()));
    return;
  }
  kernel.starting.add(() => recordings.restore());
  kernel.entered.add(async ({ room, peer }) => {
    if (peer.participantId !== undefined) {
      // The newcomer need not wait for it.
      void recordings.entered(room);
    }
  });
  kernel.follow((room, { kind }) => {
    if (PEOPLE_CHANGED.has(kind)) {
      recordings.peopleChanged(room);
    }
  });
  // While rooms are open: that they close then ends no recording.
  kernel.stopping.add(() => recordings.close());
}
