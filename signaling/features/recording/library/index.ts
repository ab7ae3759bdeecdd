export { registerLibrary } from './register.ts';
