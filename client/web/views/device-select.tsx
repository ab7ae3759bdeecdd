import type { DeviceKind, LocalMedia } from '../model/index.ts';

const KINDS = {
  camera: { kind: 'videoinput', label: 'Camera' },
  microphone: { kind: 'audioinput', label: 'Microphone' },
  speaker: { kind: 'audiooutput', label: 'Speaker' },
} as const;

/** Selects a device. Hidden if the browser lists no devices of this kind. */
export function DeviceSelect({ media, kind }: { media: LocalMedia; kind: DeviceKind }) {
  const { kind: deviceKind, label } = KINDS[kind];
  const devices = media.devices.value.filter(
    (device) => device.kind === deviceKind && device.deviceId !== '',
  );
  if (devices.length === 0) {
    return null;
  }
  const current =
    (kind === 'speaker' ? undefined : media[kind].value?.getSettings().deviceId) ??
    media.choices.value[kind] ??
    'default';
  return (
    <label class="field">
      {label}
      <select
        data-testid={`${kind}-select`}
        value={current}
        onChange={(event) => void media.choose(kind, event.currentTarget.value)}
      >
        {devices.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || `${label} ${index + 1}`}
          </option>
        ))}
      </select>
    </label>
  );
}
