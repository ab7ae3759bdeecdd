import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { BackupButton } from './backup-button.tsx';

/** Whose identity this device has, its backup, and how to remove it. */
export function IdentityLine({ model }: { model: AppModel }) {
  const identity = model.identity.value;
  if (!identity) {
    return null;
  }
  const { lobby } = strings.value;
  const forget = () => {
    if (confirm(lobby.confirmForget)) {
      void model.forget();
    }
  };
  return (
    <div class="identity">
      <span>
        {lobby.youAre} <strong data-testid="identity-name">{identity.displayName}</strong>{' '}
        {model.client.value ? (
          <span class="verified" data-testid="identity-verified" title={identity.deviceId}>
            {lobby.verified}
          </span>
        ) : (
          // Keeps the place.
          <span class="verified pending">{lobby.verified}</span>
        )}
      </span>
      <span class="row">
        <BackupButton model={model} />
        <button type="button" class="quiet" data-testid="forget" onClick={forget}>
          {lobby.forget}
        </button>
      </span>
    </div>
  );
}
