export { signOnMetrics } from './metrics.ts';
export { SIGN_ON_MIGRATIONS } from './migrations.ts';
export { probeSignOn, registerSignOn } from './register.ts';
