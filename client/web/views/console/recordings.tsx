import { type AppModel, fileSize } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { duration } from '../parts/times.ts';
import { ActButton } from './act-button.tsx';
import { AnswerList, Entry } from './answer-list.tsx';
import { dayAndTime } from './figures.ts';
import { LIST_MS, useWatched } from './use-watched.ts';

/** The recordings of all rooms, and the space that they take. */
export function Recordings({ model }: { model: AppModel }) {
  const words = lateStrings().console;
  const watched = useWatched(model, 'GET /api/recordings', LIST_MS, { query: { limit: 1000 } });
  const bytes = watched.value.value?.bytes;
  return (
    <AnswerList
      heading={bytes === undefined ? words.sections.recordings : words.allRecordings(fileSize(bytes))}
      testId="recordings"
      watched={watched}
      entriesOf={({ recordings }) => recordings}
      keyOf={({ recordingId }) => recordingId}
      empty={words.noRecordings}
    >
      {({ recordingId, roomId, status, startedAtMs, durationMs, bytes, startedBy }) => (
        <Entry
          name={roomId}
          marks={[status !== 'ended' && words.recordingStates[status]]}
          facts={[
            dayAndTime(startedAtMs),
            duration(durationMs),
            fileSize(bytes),
            startedBy !== null && words.startedBy(startedBy),
          ]}
        >
          {status === 'ended' && (
            <ActButton
              label={words.deleteRecording}
              of={roomId}
              testId="delete-recording"
              title={words.deleteRecordingOf(roomId)}
              text={words.deleteRecordingText}
              act={async () => {
                const { operator } = await model.connected();
                const params = { roomId, recordingId };
                await operator.call('DELETE /api/rooms/:roomId/recordings/:recordingId', { params });
                await watched.load();
              }}
            />
          )}
        </Entry>
      )}
    </AnswerList>
  );
}
