/** Rooms, the workers that carry them, and which worker a newcomer is placed on. */
export { Placement } from './placement.ts';
export { Rooms } from './rooms.ts';
