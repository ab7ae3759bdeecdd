/** Coded errors. This face has no dependencies, so browsers may import it too. */
export { CanopyError, type ErrorBody } from './canopy-error.ts';
export { ERROR_CODES, type ErrorCode } from './codes.ts';
