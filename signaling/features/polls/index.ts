export { POLL_MIGRATIONS } from './migrations.ts';
export { registerPolls } from './register.ts';
