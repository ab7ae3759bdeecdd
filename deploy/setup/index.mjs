// What the canopy command and the packaging use of the set-up.
export { SetupError } from './errors.mjs';
export { findNode } from './node.mjs';
export { root } from './paths.mjs';
export { ensurePhoneParts } from './phone-parts.mjs';
export { become, run, tail } from './processes.mjs';
export { reportErrors } from './progress.mjs';
export { ensureBundle, ensureWorker } from './setup.mjs';
