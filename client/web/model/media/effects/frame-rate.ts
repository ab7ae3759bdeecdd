/** The first frames come slowly while the engine starts, in milliseconds. */
const WARM_UP_MS = 3000;
const MEASURED_MS = 4000;

/** How many frames a second a video track delivers once it has started; undefined if that cannot be told, e.g. in a hidden tab. */
export async function frameRateOf(track: MediaStreamTrack, signal: AbortSignal): Promise<number | undefined> {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  try {
    await video.play();
    await wait(WARM_UP_MS);
    const [before, startedAt] = [shownFrames(video), performance.now()];
    await wait(MEASURED_MS);
    const seconds = (performance.now() - startedAt) / 1000;
    return signal.aborted || document.hidden ? undefined : (shownFrames(video) - before) / seconds;
  } catch {
    return undefined;
  } finally {
    video.srcObject = null;
  }
}

function shownFrames(video: HTMLVideoElement): number {
  return video.getVideoPlaybackQuality().totalVideoFrames;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
