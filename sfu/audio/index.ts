/** Which voices are forwarded, and who speaks. */
export { RoomAudio } from './room-audio.ts';
