/** The ground that everything stands on: configuration, log, coded errors, addresses. Imports nothing of ours. */
export { isLoopback, isUnspecified, networkOf, urlHost } from './addresses.ts';
export * from './config/index.ts';
export * from './errors/index.ts';
export { createLogger, type Logger } from './log.ts';
