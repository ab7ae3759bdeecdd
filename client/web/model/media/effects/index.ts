/** What can be done to the user's own sound and picture before they are sent. The effects themselves are loaded when they are used. */
export { backgroundPicture, hasBackgroundPicture, keepBackgroundPicture } from './background-picture.ts';
export { type Effect, EffectTrack } from './effect.ts';
