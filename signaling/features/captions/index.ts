export { registerCaptions } from './register.ts';
