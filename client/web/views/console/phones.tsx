import type { AppModel } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { ActButton } from './act-button.tsx';
import { AnswerList, Entry } from './answer-list.tsx';
import { useNames } from './use-names.ts';
import { LIST_MS, useWatched } from './use-watched.ts';

/** Phones that may register, and trunks. */
export function Phones({ model }: { model: AppModel }) {
  const words = lateStrings().console;
  const phones = useWatched(model, 'GET /api/sip/phones', LIST_MS);
  const trunks = useWatched(model, 'GET /api/sip/trunks', LIST_MS);
  const nameOf = useNames(model);
  return (
    <>
      <AnswerList
        heading={words.phones}
        testId="phones"
        watched={phones}
        entriesOf={(answer) => answer.phones}
        keyOf={({ username }) => username}
        empty={words.noPhones}
      >
        {({ username, displayName, accountId }) => (
          <Entry
            name={displayName ?? username}
            facts={[username, accountId !== undefined && words.ofPerson(nameOf(accountId))]}
          >
            <ActButton
              label={words.removePhone}
              of={username}
              testId="remove-phone"
              title={words.removePhoneOf(displayName ?? username)}
              text={words.removePhoneText}
              act={async () => {
                const { operator } = await model.connected();
                await operator.call('DELETE /api/sip/phones/:username', { params: { username } });
                await phones.load();
              }}
            />
          </Entry>
        )}
      </AnswerList>
      <AnswerList
        heading={words.trunks}
        testId="trunks"
        watched={trunks}
        entriesOf={(answer) => answer.trunks}
        keyOf={({ name }) => name}
        empty={words.noTrunks}
      >
        {({ name, uri, registration }) => (
          <Entry
            name={name}
            marks={[registration?.state === 'failed' && words.registration.failed]}
            facts={[
              uri,
              registration !== null &&
                registration.state !== 'failed' &&
                words.registration[registration.state],
            ]}
          >
            <ActButton
              label={words.removeTrunk}
              of={name}
              testId="remove-trunk"
              title={words.removeTrunkOf(name)}
              text={words.removeTrunkText}
              act={async () => {
                const { operator } = await model.connected();
                await operator.call('DELETE /api/sip/trunks/:name', { params: { name } });
                await trunks.load();
              }}
            />
          </Entry>
        )}
      </AnswerList>
    </>
  );
}
