/** Rooms, the workers that carry them, and where newcomers go. */
export { Placement } from './placement.ts';
export { Rooms } from './rooms.ts';
