/** Videos made of recordings, by ffmpeg. */
export { compose, discardComposition } from './composition.ts';
export { missingForVideos } from './ffmpeg.ts';
