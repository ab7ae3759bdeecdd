export { registerSpotlight } from './register.ts';
