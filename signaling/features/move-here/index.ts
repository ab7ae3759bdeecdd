export { registerMoveHere } from './register.ts';
