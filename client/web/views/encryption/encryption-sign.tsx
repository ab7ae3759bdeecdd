import type { EncryptionAlarm } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { CallEncryption } from '../../model/on-demand/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { VerifiedBadge } from '../contacts/verified-badge.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { LockIcon } from '../parts/icons.tsx';
import '../../styles/call-sign.css';
import '../../styles/encryption.css';

/** Says that the call is end-to-end encrypted, only while that is true and for whom; and opens what is behind it. */
export function EncryptionSign({ call }: { call: Call }) {
  const model = CallEncryption.of(call);
  const state = model?.state.value;
  if (!model || !state) {
    return null;
  }
  const { encryption } = lateStrings();
  const status = model.isTrue.value ? 'true' : state.alarms.length > 0 ? 'alarm' : state.state;
  const isTrue = model.hasPhones.value ? encryption.withPhones : encryption.isTrue;
  const text = { true: isTrue, alarm: encryption.alarm, joining: encryption.joining }[status as 'true'];
  return (
    <>
      <button
        type="button"
        class="call-sign encryption-sign"
        data-testid="encryption-sign"
        data-status={status}
        data-phones={model.hasPhones.value}
        onClick={() => (model.isOpen.value = true)}
      >
        <LockIcon />
        <span class="name">{text}</span>
      </button>
      {/* Said once, as a button's text is not announced when it changes. */}
      <span class="sr-only" role={status === 'alarm' ? 'alert' : 'status'}>
        {text}
      </span>
      {model.isOpen.value && <EncryptionDialog call={call} model={model} />}
    </>
  );
}

function EncryptionDialog({ call, model }: { call: Call; model: CallEncryption }) {
  const { encryption } = lateStrings();
  const { members = [], code = [], alarms = [], isGroupNew = false } = model.state.value ?? {};
  const own = call.client.identity.deviceId;
  const names = new Map(members.map(({ deviceId, name }) => [deviceId, name]));
  const about = ({ deviceId }: EncryptionAlarm) =>
    deviceId === undefined ? undefined : (names.get(deviceId) ?? nameInRoom(call, deviceId));
  return (
    <Dialog title={encryption.title} onClose={() => (model.isOpen.value = false)}>
      {alarms.length > 0 && (
        <ul class="encryption-alarms" role="alert" data-testid="encryption-alarms">
          {alarms.map((alarm) => (
            <li key={`${alarm.kind} ${alarm.deviceId}`}>{encryption.alarms[alarm.kind](about(alarm))}</li>
          ))}
        </ul>
      )}
      {code.length > 0 && (
        <>
          <h3>{encryption.code}</h3>
          <p class="encryption-code" data-testid="encryption-code">
            {code.join(' ')}
          </p>
          <p class="hint">{encryption.compare}</p>
          {isGroupNew && <p data-testid="encryption-new">{encryption.isNew}</p>}
        </>
      )}
      <h3>{encryption.members(members.length)}</h3>
      <ul data-testid="encryption-members">
        {members.map((member) => {
          const { leaf, deviceId, name, isGateway } = member;
          const verifiedAtMs = model.verifiedAtMs(member);
          return (
            <li key={leaf} dir="auto">
              {isGateway ? encryption.gateway : deviceId === own ? encryption.you(name) : name}{' '}
              <code>{deviceId.slice(0, 8)}</code>
              {verifiedAtMs !== undefined && <VerifiedBadge atMs={verifiedAtMs} />}
              {model.newDevices.value.has(deviceId) && (
                <span data-testid="encryption-new-device"> {encryption.newDevice}</span>
              )}
            </li>
          );
        })}
      </ul>
      {model.hasPhones.value && <p data-testid="encryption-phones">{encryption.aboutGateway}</p>}
      {model.policy === 'required' && <p data-testid="encryption-no-phones">{encryption.noPhones}</p>}
      <p class="hint">{encryption.byCertificate}</p>
      <h3>{encryption.learnsTitle}</h3>
      <p>{encryption.learns}</p>
      <CloseButton label={encryption.close} testId="encryption-close" />
    </Dialog>
  );
}

function nameInRoom({ room }: Call, deviceId: string): string | undefined {
  return [...room.participants.values()].find((each) => each.deviceId === deviceId)?.displayName;
}
