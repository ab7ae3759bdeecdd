export { registerReactions } from './register.ts';
