import type { DeviceKind, LocalMedia } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';

const KINDS = { camera: 'videoinput', microphone: 'audioinput', speaker: 'audiooutput' } as const;

/** Selects a device. Hidden if the browser lists no devices of this kind, or cannot choose speakers. */
export function DeviceSelect({ media, kind }: { media: LocalMedia; kind: DeviceKind }) {
  const label = strings.value.devices[kind];
  const devices = media.devices.value.filter(
    (device) => device.kind === KINDS[kind] && device.deviceId !== '',
  );
  if (kind === 'speaker' && !('setSinkId' in HTMLMediaElement.prototype)) {
    return null;
  }
  if (media.devices.value.length === 0 && media.starting) {
    return <Placeholder label={label} />;
  }
  if (devices.length === 0) {
    return null;
  }
  const inUse = kind === 'speaker' ? undefined : media[kind].value?.getSettings().deviceId;
  // While none is open, the browser's first one would be next. Only microphones and speakers have an entry “default”.
  const shown = [inUse, media.choices.value[kind], 'default', devices[0]?.deviceId].find((id) =>
    devices.some(({ deviceId }) => deviceId === id),
  );
  return (
    <label class="field">
      {label}
      <select
        data-testid={`${kind}-select`}
        value={shown}
        onChange={(event) => void media.choose(kind, event.currentTarget.value)}
      >
        {devices.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || strings.value.devices.unnamed(label, index + 1)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Keeps the place until the browser lists its devices, which may take as long as the user takes to permit it. */
function Placeholder({ label }: { label: string }) {
  return (
    <label class="field">
      {label}
      <select disabled>
        <option>{strings.value.devices.starting}</option>
      </select>
    </label>
  );
}
