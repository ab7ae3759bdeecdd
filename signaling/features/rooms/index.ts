export { ROOM_VISIT_MIGRATIONS } from './migrations.ts';
export { registerRooms } from './register.ts';
