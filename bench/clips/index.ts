/** Clips of generated pictures and synthetic voices, encoded by real encoders on first use. */
export { cacheDir, cached } from './cache.ts';
export { clipFile, loadClip } from './library.ts';
export { runPipeline } from './pipeline.ts';
export { type ClipName, RECIPES } from './recipes.ts';
