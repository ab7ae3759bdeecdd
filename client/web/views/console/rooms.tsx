import { useSignal } from '@preact/signals';
import type { Operator, OperatorAnswer } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { ActButton } from './act-button.tsx';
import { AllocationDialog } from './allocation.tsx';
import { AnswerList, Entry } from './answer-list.tsx';
import { dayAndTime } from './figures.ts';
import { useNames } from './use-names.ts';
import { LIST_MS, LIVE_MS, useWatched } from './use-watched.ts';

type OpenRoom = OperatorAnswer<'GET /api/rooms'>['rooms'][number];
type Act = (run: (operator: Operator) => Promise<unknown>) => Promise<void>;

/** Open rooms with the people in them, and stored rooms. */
export function Rooms({ model }: { model: AppModel }) {
  const words = lateStrings().console;
  const open = useWatched(model, 'GET /api/rooms', LIVE_MS);
  const stored = useWatched(model, 'GET /api/saved-rooms', LIST_MS, { query: { limit: 1000 } });
  const nameOf = useNames(model);
  const act: Act = async (run) => {
    await run((await model.connected()).operator);
    await Promise.all([open.load(), stored.load()]);
  };
  return (
    <>
      <AnswerList
        heading={words.openRooms}
        testId="open-rooms"
        watched={open}
        entriesOf={({ rooms }) => rooms}
        keyOf={({ roomId }) => roomId}
        empty={words.noRooms}
      >
        {(room) => <RoomEntry model={model} room={room} act={act} />}
      </AnswerList>
      <AnswerList
        heading={words.storedRooms}
        testId="stored-rooms"
        watched={stored}
        entriesOf={({ rooms }) => rooms}
        keyOf={({ roomId }) => roomId}
        empty={words.noStoredRooms}
      >
        {({ roomId, title, ownerId, locked }) => (
          <Entry
            name={title ?? roomId}
            marks={[locked && words.locked]}
            facts={[roomId, `${words.owner}: ${ownerId === null ? words.nobody : nameOf(ownerId)}`]}
          >
            <ActButton
              label={words.deleteRoom}
              of={title ?? roomId}
              testId="delete-room"
              title={words.deleteRoomOf(title ?? roomId)}
              text={words.deleteRoomText}
              act={() =>
                act((operator) => operator.call('DELETE /api/saved-rooms/:roomId', { params: { roomId } }))
              }
            />
          </Entry>
        )}
      </AnswerList>
    </>
  );
}

function RoomEntry({
  model,
  room: { roomId, participants },
  act,
}: {
  model: AppModel;
  room: OpenRoom;
  act: Act;
}) {
  const words = lateStrings().console;
  const explaining = useSignal(false);
  return (
    <>
      <Entry name={roomId} facts={[words.inside(participants.length)]}>
        <button type="button" class="small" data-testid="explain" onClick={() => (explaining.value = true)}>
          {words.whoReceives}
        </button>
        <ActButton
          label={words.closeRoom}
          of={roomId}
          testId="close-room"
          title={words.closeRoomOf(roomId)}
          text={words.closeRoomText}
          act={() => act((operator) => operator.call('DELETE /api/rooms/:roomId', { params: { roomId } }))}
        />
      </Entry>
      <ul class="console-list console-inner">
        {participants.map(({ participantId, displayName, kind, muted, connected, sinceMs }) => {
          const params = { roomId, participantId };
          return (
            <li key={participantId} data-testid="participant">
              <Entry
                name={displayName}
                marks={[muted && words.muted, !connected && words.lost]}
                facts={[words.kinds[kind], words.since(dayAndTime(sinceMs))]}
              >
                {!muted && (
                  <ActButton
                    label={words.mute}
                    of={displayName}
                    testId="mute"
                    title={words.muteOf(displayName)}
                    {...(kind === 'user' && { text: words.muteText })}
                    danger={false}
                    act={() =>
                      act((operator) =>
                        operator.call('POST /api/rooms/:roomId/participants/:participantId/mute', {
                          params,
                          body: { muted: true },
                        }),
                      )
                    }
                  />
                )}
                <ActButton
                  label={words.remove}
                  of={displayName}
                  testId="remove"
                  title={words.removeOf(displayName)}
                  text={words.removeText}
                  act={() =>
                    act((operator) =>
                      operator.call('DELETE /api/rooms/:roomId/participants/:participantId', { params }),
                    )
                  }
                />
              </Entry>
            </li>
          );
        })}
      </ul>
      {explaining.value && (
        <AllocationDialog
          model={model}
          roomId={roomId}
          participants={participants}
          onClose={() => (explaining.value = false)}
        />
      )}
    </>
  );
}
