export { registerModeration } from './register.ts';
export type { RoomInfo } from './rest.ts';
