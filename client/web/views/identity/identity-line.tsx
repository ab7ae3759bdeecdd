import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { ShieldIcon } from '../parts/icons.tsx';

/** Whose identity this device has. */
export function IdentityLine({ model }: { model: AppModel }) {
  const identity = model.identity.value;
  if (!identity) {
    return null;
  }
  const { lobby, people } = strings.value;
  const client = model.client.value;
  return (
    <p class="identity">
      <span>
        <span class="identity-intro">{lobby.youAre} </span>
        <strong data-testid="identity-name" dir="auto">
          {identity.displayName}
        </strong>
      </span>
      {client ? (
        <span class="verified" data-testid="identity-verified" title={identity.deviceId}>
          {client.account.role !== 'guest' && <ShieldIcon />}
          {client.account.role === 'guest' ? people.guest : lobby.verified}
        </span>
      ) : (
        // Keeps the place.
        <span class="verified pending">
          <ShieldIcon />
          {lobby.verified}
        </span>
      )}
    </p>
  );
}
