/** The ground that everything stands on: configuration, log, coded errors. Imports nothing of ours. */
export * from './config/index.ts';
export * from './errors/index.ts';
export { createLogger, type Logger } from './log.ts';
