import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { strings } from '../strings/index.ts';

/** Plays video. Audio is played separately. */
export function Video({ track, mirrored = false }: { track: MediaStreamTrack; mirrored?: boolean }) {
  const element = useRef<HTMLVideoElement>(null);
  const stream = useMemo(() => new MediaStream([track]), [track]);
  useEffect(() => {
    const video = element.current;
    if (!video) {
      return;
    }
    video.srcObject = stream;
    // Muted video may always play; a rejection means that the element is being removed.
    video.play().catch(() => {});
    return () => {
      video.srcObject = null;
    };
  }, [stream]);
  return <video ref={element} class={mirrored ? 'mirrored' : undefined} muted playsInline autoplay />;
}

/** setSinkId() is missing in some browsers. */
type WithSink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

/** Plays one audio track. Calls `onBlocked` if the browser requires a click first. */
export function Audio({
  track,
  speaker,
  unlocked,
  onBlocked,
}: {
  track: MediaStreamTrack;
  speaker: string | undefined;
  /** Incremented by each click that may unblock audio. */
  unlocked: number;
  onBlocked(): void;
}) {
  const element = useRef<WithSink>(null);
  const stream = useMemo(() => new MediaStream([track]), [track]);
  useEffect(() => {
    const audio = element.current;
    if (!audio) {
      return;
    }
    if (audio.srcObject !== stream) {
      audio.srcObject = stream;
    }
    audio.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === 'NotAllowedError') {
        onBlocked();
      }
    });
  }, [stream, unlocked]);
  useEffect(() => {
    // If the speaker was unplugged, the default one is used.
    element.current?.setSinkId?.(speaker ?? '').catch(() => {});
  }, [speaker]);
  // biome-ignore lint/a11y/useMediaCaption: live conversations have no captions
  return <audio ref={element} autoplay data-testid="remote-audio" />;
}

/** A bar that shows a microphone's level. */
export function LevelMeter({ track }: { track: MediaStreamTrack | undefined }) {
  const level = useSignal(0);
  useEffect(() => {
    if (!track) {
      level.value = 0;
      return;
    }
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // From -60 dBFS (silence) to 0 dBFS.
      level.value = Math.max(0, Math.min(1, 1 + (10 * Math.log10(power + 1e-9)) / 60));
    }, 100);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [track]);
  return (
    <meter
      class="level"
      data-testid="microphone-level"
      aria-label={strings.value.devices.level}
      min={0}
      max={1}
      value={level.value}
    />
  );
}
