import { Appearance } from './appearance.tsx';

/** The settings of this device, during a call. */
export function SettingsPanel() {
  return (
    <div class="settings">
      <Appearance />
    </div>
  );
}
