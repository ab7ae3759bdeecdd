/** For tests of the codecs and of the media that carries them. */
export { ffmpeg, toBytes, toSamples } from './ffmpeg.ts';
export { readOggOpus, writeOggOpus } from './ogg.ts';
export { concat, fitTone, rms, segmentalSnrDb, sine, type ToneFit, type ToneOptions } from './tones.ts';
