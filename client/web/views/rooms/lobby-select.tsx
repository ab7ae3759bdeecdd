import type { LobbyMode } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';

const MODES: readonly LobbyMode[] = ['off', 'guests', 'everyone'];

/** Chooses who waits in the lobby of a room. */
export function LobbySelect({
  value,
  disabled = false,
  onChange,
}: {
  value: LobbyMode;
  disabled?: boolean;
  onChange(mode: LobbyMode): void;
}) {
  const { invite } = strings.value;
  return (
    <label class="field">
      {invite.lobby}
      <select
        data-testid="lobby-mode"
        disabled={disabled}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value as LobbyMode)}
      >
        {MODES.map((mode) => (
          <option key={mode} value={mode}>
            {invite.lobbyModes[mode]}
          </option>
        ))}
      </select>
    </label>
  );
}
