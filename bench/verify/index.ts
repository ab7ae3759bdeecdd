/** Proves that received streams are video: samples are reassembled and decoded. */
export { type DecodeResult, decode } from './decode.ts';
export { type Recording, StreamRecorder } from './stream-recorder.ts';
