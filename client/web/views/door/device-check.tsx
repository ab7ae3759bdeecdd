import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import {
  bothDevicesSentence,
  type CaptureKind,
  deviceSentence,
  echoBack,
  type LocalMedia,
  preferences,
  testTone,
} from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CameraToggle, MicrophoneToggle } from '../call/toggles.tsx';
import { useShortcuts } from '../call/use-shortcuts.ts';
import { LevelMeter, Video } from '../parts/media-element.tsx';
import { BackgroundSelect } from './background-select.tsx';
import { DeviceSelect } from './device-select.tsx';

/** The user's camera, with switches for both devices, the microphone's level, and what is wrong with them. Opens the devices that are on. */
export function DevicePreview({ media }: { media: LocalMedia }) {
  useEffect(() => {
    void media.preview();
  }, [media]);
  useShortcuts({
    m: () => void media.setMuted(media.microphoneOn.value),
    v: () => void media.setCameraWanted(!media.cameraOn.value),
  });
  return (
    <section class="preview" aria-label={strings.value.devices.preview}>
      <div class="tile" data-testid="preview">
        {media.sentCamera.value ? (
          <Video track={media.sentCamera.value} mirrored={preferences.value.mirror} />
        ) : (
          <p class="placeholder" role="status">
            {placeholder(media)}
          </p>
        )}
        <div class="preview-controls">
          <MicrophoneToggle media={media} />
          <CameraToggle media={media} />
        </div>
      </div>
      <LevelMeter track={media.muted.value ? undefined : media.microphone.value} />
      <DeviceProblems media={media} />
    </section>
  );
}

/** Chooses and tries out microphone, speaker and camera. */
export function DeviceCheck({ media }: { media: LocalMedia }) {
  return (
    // Keeps the place of the devices until the browser has listed them, so that nothing moves.
    <div class="device-check" aria-busy={media.devices.value.length === 0}>
      <div class="device-row">
        <DeviceSelect media={media} kind="microphone" />
        <EchoTest media={media} />
      </div>
      <div class="device-row">
        <DeviceSelect media={media} kind="speaker" />
        <SpeakerTest media={media} />
      </div>
      <DeviceSelect media={media} kind="camera" />
      <BackgroundSelect media={media} />
    </div>
  );
}

/** Records the microphone and plays it back. */
function EchoTest({ media }: { media: LocalMedia }) {
  const { devices } = strings.value;
  const state = useSignal<'idle' | 'recording' | 'playing'>('idle');
  const stop = useSignal<AbortController | undefined>(undefined);
  useEffect(() => () => stop.value?.abort(), []);
  const track = media.muted.value ? undefined : media.sentMicrophone.value;
  const run = async () => {
    if (!track || state.value !== 'idle') {
      return;
    }
    stop.value = new AbortController();
    state.value = 'recording';
    const { signal } = stop.value;
    try {
      await echoBack(track, media.choices.value.speaker, {
        onPlaying: () => (state.value = 'playing'),
        signal,
      });
    } catch {
      // The microphone was unplugged; the page reports that by itself.
    }
    state.value = 'idle';
  };
  return (
    <button
      type="button"
      class="small"
      data-testid="echo-test"
      data-state={state.value}
      aria-label={state.value === 'idle' ? devices.recordTest : undefined}
      aria-live="polite"
      disabled={!track}
      title={track ? devices.recordHint : devices.unmuteToTest}
      onClick={() => void run()}
    >
      {state.value === 'idle' ? devices.test : devices[state.value]}
    </button>
  );
}

/** Plays a sound on the chosen speaker. */
function SpeakerTest({ media }: { media: LocalMedia }) {
  const { devices } = strings.value;
  const playing = useSignal(false);
  const stop = useSignal<AbortController | undefined>(undefined);
  useEffect(() => () => stop.value?.abort(), []);
  const run = async () => {
    if (playing.value) {
      return;
    }
    stop.value = new AbortController();
    playing.value = true;
    try {
      await testTone(media.choices.value.speaker, stop.value.signal);
    } catch {
      // The speaker was unplugged; the page reports that by itself.
    }
    playing.value = false;
  };
  return (
    <button
      type="button"
      class="small"
      data-testid="speaker-test"
      data-playing={playing.value}
      aria-label={playing.value ? undefined : devices.speakerTest}
      title={devices.speakerTest}
      aria-live="polite"
      onClick={() => void run()}
    >
      {playing.value ? devices.playing : devices.test}
    </button>
  );
}

function placeholder(media: LocalMedia): string {
  const { devices } = strings.value;
  if (media.asking.value) {
    const [camera, microphone] = [media.cameraWanted.value, !media.muted.value];
    return camera && microphone ? devices.asking : camera ? devices.askingCamera : devices.askingMicrophone;
  }
  if (!media.cameraWanted.value) {
    return devices.cameraOff;
  }
  if (media.opening.value || media.camera.value) {
    return devices.starting;
  }
  return media.problems.value.camera ? devices.noVideo : devices.cameraOff;
}

/** What is wrong with the devices, each with a way to try again; a single sentence if both have the same problem. */
export function DeviceProblems({ media }: { media: LocalMedia }) {
  // Devices may be tried one after another; wait until it is clear which one has the problem.
  if (media.opening.value) {
    return null;
  }
  const { devices } = strings.value;
  const { camera, microphone } = media.problems.value;
  const both = bothDevicesSentence(media.problems.value);
  const problems: Array<{ sentence: string; kinds: CaptureKind[]; canRetry: boolean }> = [];
  if (both && camera) {
    const kinds: CaptureKind[] = ['microphone', 'camera'];
    problems.push({ sentence: both, kinds, canRetry: camera.code !== 'MEDIA_NOT_FOUND' });
  } else {
    for (const kind of ['microphone', 'camera'] as const) {
      const problem = kind === 'camera' ? camera : microphone;
      if (problem) {
        const sentence = deviceSentence(kind, problem);
        problems.push({ sentence, kinds: [kind], canRetry: problem.code !== 'MEDIA_NOT_FOUND' });
      }
    }
  }
  return (
    <>
      {problems.map(({ sentence, kinds, canRetry }) => (
        <div key={sentence} class="problem" role="alert" data-testid="device-problem">
          <span>{sentence}</span>
          {canRetry && (
            <button
              type="button"
              class="small"
              data-testid="device-retry"
              onClick={() => {
                for (const kind of kinds) {
                  void media.retry(kind);
                }
              }}
            >
              {devices.tryAgain}
            </button>
          )}
        </div>
      ))}
      {problems.length > 0 && <p class="hint">{devices.joinAnyway}</p>}
    </>
  );
}
