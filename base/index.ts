/** Foundation of every other folder: configuration, logging, error codes, addresses. Imports no other folder. */

export { addressBytes, isLoopback, isUnspecified, networkOf, urlHost } from './addresses/index.ts';
export { clientAddress } from './client-address.ts';
export * from './config/index.ts';
export * from './errors/index.ts';
export { describeFileError } from './file-errors.ts';
export { isHost, originOf } from './hosts.ts';
export { LineLimit } from './line-limit.ts';
export { createLogger, type Logger } from './log.ts';
export { writeWhole } from './write-whole.ts';
