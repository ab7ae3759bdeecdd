export { registerPaths } from './register.ts';
