import { CanopyError } from '../../base/index.ts';
import type { PhoneCall } from './phone-call.ts';

/** How long the sentence may take, in milliseconds, if its end is not reported. */
const PATIENCE_MS = 10_000;
/** After its end, how long the line stays open, in milliseconds, so that no buffer on the way cuts it short. */
const REST_MS = 500;

/** Whether a room refused a phone because it is end-to-end encrypted, and excludes phones or trusts only a company's PKI. */
export function excludesPhones(error: unknown): boolean {
  return ['ENCRYPTED_ROOM', 'ENCRYPTION_UNTRUSTED'].includes(CanopyError.from(error).code);
}

/** Tells an answered caller that the room excludes phones, and hangs up. */
export function turnAway(call: PhoneCall): void {
  const end = () => void call.end('refused', { reason: 'the room excludes phones' });
  let timer = setTimeout(end, PATIENCE_MS).unref();
  call.onKey = () => {};
  call.onPlayed = () => {
    clearTimeout(timer);
    timer = setTimeout(end, REST_MS).unref();
  };
  call.sounds.play('no-phones');
}
