import type { LocalMedia } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CameraIcon, MicrophoneIcon } from '../parts/icons.tsx';

export function MicrophoneToggle({ media }: { media: LocalMedia }) {
  const on = media.microphoneOn.value;
  const label = on ? strings.value.controls.mute : strings.value.controls.unmute;
  return (
    <button
      type="button"
      class={on || media.opening.value ? 'round' : 'round off'}
      data-testid="microphone"
      data-on={on}
      aria-keyshortcuts="m"
      title={strings.value.common.withShortcut(label, 'm')}
      aria-label={label}
      onClick={() => void media.setMuted(on)}
    >
      <MicrophoneIcon off={!on} />
    </button>
  );
}

export function CameraToggle({ media }: { media: LocalMedia }) {
  const on = media.cameraOn.value;
  const label = on ? strings.value.controls.cameraOff : strings.value.controls.cameraOn;
  return (
    <button
      type="button"
      class={on || media.opening.value ? 'round' : 'round off'}
      data-testid="camera"
      data-on={on}
      aria-keyshortcuts="v"
      title={strings.value.common.withShortcut(label, 'v')}
      aria-label={label}
      onClick={() => void media.setCameraWanted(!on)}
    >
      <CameraIcon off={!on} />
    </button>
  );
}
