export { consoleMetrics } from './metrics.ts';
export { registerConsole } from './register.ts';
