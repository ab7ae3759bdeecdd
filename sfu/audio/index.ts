/** Which voices are forwarded, and who is speaking. */
export { RoomAudio } from './room-audio.ts';
