/** The part of the contract that needs no schema library: statements and errors, for browsers. */
export { CanopyError, ERROR_CODES, type ErrorBody, type ErrorCode } from '../base/errors/index.ts';
export * from './names.ts';
export { type PathValues, type QueryValues, requestTo } from './operator-route.ts';
export * from './statements.ts';
export { PROTOCOL_VERSION } from './version.ts';
