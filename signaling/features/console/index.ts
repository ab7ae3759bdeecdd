export { consoleMetrics } from './metrics.ts';
export { registerConsole } from './register.ts';
export { type ServerStatus, serverStatus } from './rest.ts';
