export { signInHandlers } from './sign-in.ts';
