export { SHARING_MIGRATIONS } from './migrations.ts';
export { registerSharing } from './register.ts';
