export { registerLibrary } from './register.ts';
export { SHARING_MIGRATIONS } from './sharing/index.ts';
