import type { LocalMedia } from '../model/index.ts';
import { CameraIcon, MicrophoneIcon } from './icons.tsx';

export function MicrophoneToggle({ media }: { media: LocalMedia }) {
  const on = media.microphoneOn.value;
  return (
    <button
      type="button"
      class={on || media.opening.value ? 'round' : 'round off'}
      data-testid="microphone"
      data-on={on}
      aria-keyshortcuts="m"
      title={on ? 'Mute (m)' : 'Unmute (m)'}
      aria-label={on ? 'Mute microphone' : 'Unmute microphone'}
      onClick={() => void media.setMuted(on)}
    >
      <MicrophoneIcon off={!on} />
    </button>
  );
}

export function CameraToggle({ media }: { media: LocalMedia }) {
  const on = media.cameraOn.value;
  return (
    <button
      type="button"
      class={on || media.opening.value ? 'round' : 'round off'}
      data-testid="camera"
      data-on={on}
      aria-keyshortcuts="v"
      title={on ? 'Turn camera off (v)' : 'Turn camera on (v)'}
      aria-label={on ? 'Turn camera off' : 'Turn camera on'}
      onClick={() => void media.setCameraWanted(!on)}
    >
      <CameraIcon off={!on} />
    </button>
  );
}
