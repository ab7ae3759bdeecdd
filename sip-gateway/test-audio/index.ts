/** Test signals and analysis, for tests of codecs and media. */
export { ffmpeg, toBytes, toSamples } from './ffmpeg.ts';
export { readOggOpus, writeOggOpus } from './ogg.ts';
export { concat, fitTone, rms, segmentalSnrDb, sine, type ToneFit, type ToneOptions } from './tones.ts';
