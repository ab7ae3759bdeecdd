import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

/** A picture without sound; the sound of a person is played apart. */
export function Video({ track, mirrored = false }: { track: MediaStreamTrack; mirrored?: boolean }) {
  const element = useRef<HTMLVideoElement>(null);
  const stream = useMemo(() => new MediaStream([track]), [track]);
  useEffect(() => {
    const video = element.current;
    if (!video) {
      return;
    }
    video.srcObject = stream;
    // Muted pictures may always play; a refusal means that the element is going away.
    video.play().catch(() => {});
    return () => {
      video.srcObject = null;
    };
  }, [stream]);
  return <video ref={element} class={mirrored ? 'mirrored' : undefined} muted playsInline autoplay />;
}

/** The browser's own types don't know it everywhere yet. */
type WithSink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

/** The sound of one track. Calls `onBlocked` when the browser wants a click first. */
export function Audio({
  track,
  speaker,
  unlocked,
  onBlocked,
}: {
  track: MediaStreamTrack;
  speaker: string | undefined;
  /** Rises with every click that permits sound. */
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
    // A speaker that was unplugged: the default one plays on.
    element.current?.setSinkId?.(speaker ?? '').catch(() => {});
  }, [speaker]);
  // biome-ignore lint/a11y/useMediaCaption: nobody writes captions for a conversation
  return <audio ref={element} autoplay data-testid="remote-audio" />;
}

/** How loud a microphone is, as a bar. */
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
      aria-label="Microphone level"
      min={0}
      max={1}
      value={level.value}
    />
  );
}
