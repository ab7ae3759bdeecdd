export { streamMetrics } from './metrics.ts';
export { STREAM_MIGRATIONS } from './migrations.ts';
export { registerStreams } from './register.ts';
