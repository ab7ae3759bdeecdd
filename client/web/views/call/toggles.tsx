import type { LocalMedia } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { CameraIcon, MicrophoneIcon } from '../parts/icons.tsx';

export function MicrophoneToggle({ media }: { media: LocalMedia }) {
  const on = media.microphoneOn.value;
  const label = on ? strings.value.controls.mute : strings.value.controls.unmute;
  return (
    <IconButton
      label={label}
      testId="microphone"
      shortcut="m"
      look={on || media.opening.value ? 'round' : 'round off'}
      data={{ 'data-on': on }}
      onClick={() => void media.setMuted(on)}
    >
      <MicrophoneIcon off={!on} />
    </IconButton>
  );
}

export function CameraToggle({ media }: { media: LocalMedia }) {
  const on = media.cameraOn.value;
  const label = on ? strings.value.controls.cameraOff : strings.value.controls.cameraOn;
  return (
    <IconButton
      label={label}
      testId="camera"
      shortcut="v"
      look={on || media.opening.value ? 'round' : 'round off'}
      data={{ 'data-on': on }}
      onClick={() => void media.setCameraWanted(!on)}
    >
      <CameraIcon off={!on} />
    </IconButton>
  );
}
