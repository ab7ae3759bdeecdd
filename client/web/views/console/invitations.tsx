import type { AppModel } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { ActButton } from './act-button.tsx';
import { AnswerList, Entry } from './answer-list.tsx';
import { dayAndTime } from './figures.ts';
import { useNames } from './use-names.ts';
import { LIST_MS, useWatched } from './use-watched.ts';

/** Open invitations. */
export function Invitations({ model }: { model: AppModel }) {
  const words = lateStrings().console;
  const watched = useWatched(model, 'GET /api/invites', LIST_MS, { query: { limit: 1000 } });
  const nameOf = useNames(model);
  return (
    <AnswerList
      heading={words.sections.invitations}
      headed={false}
      testId="invitations"
      watched={watched}
      entriesOf={({ invitations }) => invitations}
      keyOf={({ invitationId }) => invitationId}
      empty={words.noInvitations}
    >
      {({ invitationId, role, roomId, displayName, createdBy, createdAtMs, expiresAtMs }) => {
        const name = displayName ?? words.invitationFor(words.roles[role]);
        return (
          <Entry
            name={name}
            facts={[
              displayName !== null && words.roles[role],
              roomId !== null && words.inRoom(roomId),
              createdBy !== null && ACCOUNT_ID.test(createdBy)
                ? words.invitedBy(nameOf(createdBy))
                : words.byServer,
              dayAndTime(createdAtMs),
              words.expires(dayAndTime(expiresAtMs)),
            ]}
          >
            <ActButton
              label={words.withdraw}
              of={name}
              testId="withdraw"
              title={words.withdrawOf}
              text={words.withdrawText}
              act={async () => {
                const { operator } = await model.connected();
                await operator.call('DELETE /api/invites/:invitationId', { params: { invitationId } });
                await watched.load();
              }}
            />
          </Entry>
        );
      }}
    </AnswerList>
  );
}

const ACCOUNT_ID = /^[0-9a-f]{64}$/;
