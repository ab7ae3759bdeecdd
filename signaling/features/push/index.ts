export { pushMetrics } from './metrics.ts';
export { PUSH_MIGRATIONS } from './migrations.ts';
export { registerPush } from './register.ts';
