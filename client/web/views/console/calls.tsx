import type { OperatorAnswer } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { duration } from '../parts/times.ts';
import { ActButton } from './act-button.tsx';
import { AnswerList, Entry } from './answer-list.tsx';
import { dayAndTime } from './figures.ts';
import { LIST_MS, LIVE_MS, useWatched } from './use-watched.ts';

type CallRecord = OperatorAnswer<'GET /api/sip/calls'>['calls'][number];

/** Phone calls: those in progress, and past ones. */
export function Calls({ model }: { model: AppModel }) {
  const words = lateStrings().console;
  const active = useWatched(model, 'GET /api/sip/calls', LIVE_MS, { query: { active: true, limit: 1000 } });
  const past = useWatched(model, 'GET /api/sip/calls', LIST_MS, { query: { active: false, limit: 1000 } });
  const list = { entriesOf: ({ calls }: { calls: CallRecord[] }) => calls, keyOf: callIdOf };
  return (
    <>
      <AnswerList
        {...list}
        heading={words.activeCalls}
        testId="active-calls"
        watched={active}
        empty={words.noActiveCalls}
      >
        {(call) => (
          <CallEntry call={call}>
            <ActButton
              label={words.hangUp}
              of={partyOf(call)}
              testId="hang-up"
              title={words.hangUpOf(partyOf(call))}
              act={async () => {
                const { operator } = await model.connected();
                await operator.call('DELETE /api/sip/calls/:callId', { params: { callId: call.callId } });
                await Promise.all([active.load(), past.load()]);
              }}
            />
          </CallEntry>
        )}
      </AnswerList>
      <AnswerList
        {...list}
        heading={words.pastCalls}
        testId="past-calls"
        watched={past}
        empty={words.noPastCalls}
      >
        {(call) => <CallEntry call={call} />}
      </AnswerList>
    </>
  );
}

function CallEntry({ call, children }: { call: CallRecord; children?: preact.ComponentChildren }) {
  const words = lateStrings().console;
  const { answeredAtMs, endedAtMs } = call;
  return (
    <Entry
      name={partyOf(call)}
      marks={[endedAtMs === null && answeredAtMs === null && words.ringing]}
      facts={[
        words.directions[call.direction],
        call.displayName !== undefined && call.remote,
        dayAndTime(call.startedAtMs),
        answeredAtMs !== null
          ? duration((endedAtMs ?? Date.now()) - answeredAtMs)
          : endedAtMs !== null && words.unanswered,
        call.roomId !== null && words.inRoom(call.roomId),
        call.trunk !== null && words.overTrunk(call.trunk),
        call.sipStatus !== null && `SIP ${call.sipStatus}`,
        call.mos !== null && `MOS ${call.mos.toFixed(1)}`,
      ]}
    >
      {children}
    </Entry>
  );
}

function callIdOf({ callId }: CallRecord): string {
  return callId;
}

function partyOf({ displayName, remote }: CallRecord): string {
  return displayName ?? remote;
}
