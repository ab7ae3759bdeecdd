// What the canopy command, the packaging and tests use of the set-up.
export { SetupError } from './errors.mjs';
export { findNode } from './node.mjs';
export { npm } from './npm.mjs';
export { cacheFolder, root } from './paths.mjs';
export { become, findProgram, run, tail } from './processes.mjs';
export { reportErrors } from './progress.mjs';
export { pjsuaFolder, streamProgramsFolder } from './python-packages.mjs';
export { ensureBundle, ensureWorker } from './setup.mjs';
export { builtWorker, mediasoupFolder, recipe } from './worker.mjs';
