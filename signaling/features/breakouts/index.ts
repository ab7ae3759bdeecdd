export { BREAKOUT_MIGRATIONS } from './migrations.ts';
export { registerBreakouts } from './register.ts';
