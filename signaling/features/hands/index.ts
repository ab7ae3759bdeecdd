export { registerHands } from './register.ts';
