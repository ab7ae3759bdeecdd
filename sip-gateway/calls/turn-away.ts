import { CanopyError } from '../../base/index.ts';
import type { PhoneCall } from './phone-call.ts';

/** How long the sentence may take, in milliseconds, if its end is not reported. */
const PATIENCE_MS = 10_000;

/** Whether a room refused a phone because it is end-to-end encrypted and excludes phones. */
export function excludesPhones(error: unknown): boolean {
  return CanopyError.from(error).code === 'ENCRYPTED_ROOM';
}

/** Tells an answered caller that the room excludes phones, and hangs up. */
export function turnAway(call: PhoneCall): void {
  const end = () => void call.end('refused', { reason: 'the room excludes phones' });
  const timer = setTimeout(end, PATIENCE_MS);
  timer.unref();
  call.onKey = () => {};
  call.onPlayed = () => {
    clearTimeout(timer);
    end();
  };
  call.sounds.play('no-phones');
}
