export { registerDevices } from './register.ts';
