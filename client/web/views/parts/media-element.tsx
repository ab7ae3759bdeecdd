import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { amplify, watchLevel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';

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
  volume,
  unlocked,
  onBlocked,
}: {
  track: MediaStreamTrack;
  speaker: string | undefined;
  /** 0 to 2; 1 is as sent. */
  volume: number;
  /** Incremented by each click that may unblock audio. */
  unlocked: number;
  onBlocked(): void;
}) {
  const element = useRef<WithSink>(null);
  const amplified = volume > 1;
  const amplifier = useMemo(() => (amplified ? amplify(track) : undefined), [track, amplified]);
  const stream = useMemo(() => amplifier?.stream ?? new MediaStream([track]), [track, amplifier]);
  useEffect(() => () => amplifier?.close(), [amplifier]);
  useEffect(() => {
    amplifier?.setGain(volume);
    if (element.current) {
      element.current.volume = Math.min(1, volume);
    }
  }, [amplifier, volume]);
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
    // From -60 dBFS (silence) to 0 dBFS.
    return watchLevel(track, ({ levelDb }) => {
      level.value = Math.max(0, Math.min(1, 1 + levelDb / 60));
    });
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
