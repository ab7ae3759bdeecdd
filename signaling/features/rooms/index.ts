export { registerRooms } from './register.ts';
