/** Clips of generated pictures and synthetic voices, encoded by real encoders on first use. */
export { cacheDir } from './cache.ts';
export { clipFile, loadClip } from './library.ts';
export { type ClipName, RECIPES } from './recipes.ts';
