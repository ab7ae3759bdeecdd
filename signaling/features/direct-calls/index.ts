export { directCallMetrics } from './metrics.ts';
export { DIRECT_CALL_MIGRATIONS } from './migrations.ts';
export { registerDirectCalls } from './register.ts';
