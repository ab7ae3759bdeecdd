export { linkMetrics } from './metrics.ts';
export { LINK_MIGRATIONS } from './migrations.ts';
export { registerLinks } from './register.ts';
