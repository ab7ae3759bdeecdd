import { useSignal } from '@preact/signals';
import type { Operator, OperatorAnswer } from '../../../sdk/index.ts';
import { type AppModel, matchesName } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { ActButton } from './act-button.tsx';
import { AnswerList, Entry } from './answer-list.tsx';
import { dayAndTime } from './figures.ts';
import { LIST_MS, useWatched } from './use-watched.ts';

type Account = OperatorAnswer<'GET /api/accounts'>['accounts'][number];
type Act = (run: (operator: Operator) => Promise<unknown>) => Promise<void>;

/** Accounts with their devices. */
export function Accounts({ model }: { model: AppModel }) {
  const words = lateStrings().console;
  const watched = useWatched(model, 'GET /api/accounts', LIST_MS, { query: { limit: 1000 } });
  const filter = useSignal('');
  const act: Act = async (run) => {
    await run((await model.connected()).operator);
    await watched.load();
  };
  return (
    <>
      <label class="field console-filter">
        {words.filter}
        <input
          type="search"
          data-testid="filter"
          maxLength={64}
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value;
          }}
        />
      </label>
      <AnswerList
        heading={words.sections.accounts}
        headed={false}
        testId="accounts"
        watched={watched}
        entriesOf={({ accounts }) =>
          accounts.filter(({ displayName }) => matchesName(displayName, filter.value))
        }
        keyOf={({ accountId }) => accountId}
        empty={filter.value === '' ? words.noAccounts : words.noneFound}
      >
        {(account) => (
          <AccountEntry
            account={account}
            isOwn={account.accountId === model.client.value?.account.accountId}
            act={act}
          />
        )}
      </AnswerList>
    </>
  );
}

function AccountEntry({ account, isOwn, act }: { account: Account; isOwn: boolean; act: Act }) {
  const words = lateStrings().console;
  const { accountId, displayName: name, role, revoked, enrolledAtMs, lastSeenAtMs, devices } = account;
  const params = { accountId };
  const setRole = (to: 'admin' | 'member') =>
    act((operator) => operator.call('POST /api/accounts/:accountId/role', { params, body: { role: to } }));
  return (
    <>
      <Entry
        name={name}
        marks={[isOwn && words.you, revoked && words.revoked]}
        facts={[
          words.roles[role],
          words.enrolled(dayAndTime(enrolledAtMs)),
          lastSeenAtMs !== null && words.seen(dayAndTime(lastSeenAtMs)),
        ]}
      >
        {/* Nobody locks themselves out here. */}
        {!isOwn && !revoked && role === 'admin' && (
          <ActButton
            label={words.makeMember}
            of={name}
            testId="make-member"
            title={words.makeMemberOf(name)}
            text={words.makeMemberText}
            act={() => setRole('member')}
          />
        )}
        {!isOwn && !revoked && role === 'member' && (
          <ActButton
            label={words.makeAdmin}
            of={name}
            testId="make-admin"
            title={words.makeAdminOf(name)}
            text={words.makeAdminText}
            act={() => setRole('admin')}
          />
        )}
        {!isOwn && !revoked && (
          <ActButton
            label={words.disable}
            of={name}
            testId="disable-account"
            title={words.disableOf(name)}
            text={words.disableText}
            act={() => act((operator) => operator.call('POST /api/accounts/:accountId/revoke', { params }))}
          />
        )}
        {revoked && (
          <ActButton
            label={words.enable}
            of={name}
            testId="enable-account"
            title={words.enableOf(name)}
            text={words.enableText}
            danger={false}
            act={() =>
              act((operator) => operator.call('POST /api/accounts/:accountId/reinstate', { params }))
            }
          />
        )}
      </Entry>
      {devices.length > 0 && (
        <details class="console-devices">
          <summary data-testid="devices">
            {words.devices}: {devices.length}
          </summary>
          <ul class="console-list console-inner">
            {devices.map((device) => (
              <li key={device.deviceId} data-testid="device">
                <DeviceEntry accountId={accountId} device={device} isOwn={isOwn} act={act} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function DeviceEntry({
  accountId,
  device,
  isOwn,
  act,
}: {
  accountId: string;
  device: Account['devices'][number];
  isOwn: boolean;
  act: Act;
}) {
  const words = lateStrings().console;
  const { deviceId, revoked, userAgent, lastSeenAtMs } = device;
  const name = device.name ?? words.unknownDevice;
  const params = { accountId, deviceId };
  return (
    <Entry
      name={name}
      marks={[revoked && words.revoked]}
      facts={[userAgent ?? undefined, words.seen(dayAndTime(lastSeenAtMs))]}
    >
      {revoked ? (
        <ActButton
          label={words.enableDevice}
          of={name}
          testId="enable-device"
          title={words.enableDeviceOf(name)}
          text={words.enableDeviceText}
          danger={false}
          act={() =>
            act((operator) =>
              operator.call('POST /api/accounts/:accountId/devices/:deviceId/reinstate', { params }),
            )
          }
        />
      ) : (
        !isOwn && (
          <ActButton
            label={words.disableDevice}
            of={name}
            testId="disable-device"
            title={words.disableDeviceOf(name)}
            text={words.disableDeviceText}
            act={() =>
              act((operator) =>
                operator.call('POST /api/accounts/:accountId/devices/:deviceId/revoke', { params }),
              )
            }
          />
        )
      )}
    </Entry>
  );
}
