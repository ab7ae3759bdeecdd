/** The level of a track's sound over the last 20 ms. */
export interface SoundLevel {
  /** Highest absolute value of the samples, 0 to 1. */
  peak: number;
  /** Root mean square in dBFS, at least -90. */
  levelDb: number;
}

const INTERVAL_MS = 100;
const SAMPLES = 1024;
const MIN_DB = -90;

/** Measures the sound of a track ten times per second. Returns a function that stops it. */
export function watchLevel(track: MediaStreamTrack, onLevel: (level: SoundLevel) => void): () => void {
  const context = new AudioContext({ latencyHint: 'playback' });
  const analyser = context.createAnalyser();
  analyser.fftSize = SAMPLES;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(SAMPLES);
  const timer = setInterval(() => {
    // A page that was not clicked yet may not process sound.
    if (context.state !== 'running') {
      return;
    }
    analyser.getFloatTimeDomainData(samples);
    let [power, peak] = [0, 0];
    for (const sample of samples) {
      power += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    onLevel({ peak, levelDb: Math.max(MIN_DB, 10 * Math.log10(power / SAMPLES + 1e-12)) });
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
