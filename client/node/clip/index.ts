/** Clips: pre-encoded media that senders play, and their file format. */
export {
  type Clip,
  type ClipCodec,
  type ClipFrame,
  type ClipInfo,
  keyFrameBefore,
  ONE_LAYER,
} from './clip.ts';
export { decodeClip, encodeClip, readClip, writeClip } from './clip-file.ts';
