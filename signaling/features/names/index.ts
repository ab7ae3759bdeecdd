export { registerNames } from './register.ts';
