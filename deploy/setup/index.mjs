// What the canopy command, the packaging and a test use of the set-up.
export { SetupError } from './errors.mjs';
export { findNode } from './node.mjs';
export { root } from './paths.mjs';
export { become, run, tail } from './processes.mjs';
export { reportErrors } from './progress.mjs';
export { ensureBundle } from './setup.mjs';
export { builtWorker } from './worker.mjs';
