import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { ShieldIcon } from '../parts/icons.tsx';

/** Whose identity this device has. */
export function IdentityLine({ model }: { model: AppModel }) {
  const identity = model.identity.value;
  if (!identity) {
    return null;
  }
  const { lobby } = strings.value;
  return (
    <p class="identity">
      <span>
        <span class="identity-intro">{lobby.youAre} </span>
        <strong data-testid="identity-name" dir="auto">
          {identity.displayName}
        </strong>
      </span>
      {model.client.value && (
        <span class="verified" data-testid="identity-verified" title={identity.deviceId}>
          <ShieldIcon />
          {lobby.verified}
        </span>
      )}
    </p>
  );
}
