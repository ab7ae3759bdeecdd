import type { CallHost, PhoneCall } from './phone-call.ts';

/** Longest name, in milliseconds. */
const MAX_NAME_MS = 3000;
/** The question and the answer take less, in milliseconds. */
const PATIENCE_MS = 20_000;

/**
 * Asks a caller for their name, if their room wants that, and records it; a key ends that. Only this call keeps the recording, in memory.
 * Resolves when the call may go on.
 */
export async function askForName(host: CallHost, call: PhoneCall): Promise<void> {
  const { seat } = call;
  if (!seat || call.ended || host.rooms.find(seat.roomId)?.asksForNames !== true) {
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  // The media thread may die meanwhile, or the phone be put on hold.
  const timer = setTimeout(resolve, PATIENCE_MS);
  const unlisten = call.onEnded(() => resolve());
  let prompts = 2;
  call.onPlayed = () => {
    prompts -= 1;
    if (prompts === 0) {
      call.sounds.record(MAX_NAME_MS);
    }
  };
  call.onKey = () => {
    if (prompts > 0) {
      call.sounds.stop();
      resolve();
    } else {
      call.sounds.record(0);
    }
  };
  call.onRecorded = (sound) => {
    call.setSpokenName(sound);
    resolve();
  };
  call.sounds.play('say-name');
  call.sounds.beep();
  await promise;
  clearTimeout(timer);
  unlisten();
  call.onPlayed = () => {};
  call.onKey = () => {};
  call.onRecorded = () => {};
}
