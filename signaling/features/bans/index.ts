export { BAN_MIGRATIONS } from './migrations.ts';
export { registerBans } from './register.ts';
