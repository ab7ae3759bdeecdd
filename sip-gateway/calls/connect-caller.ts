import type { IncomingCall } from '../sip/index.ts';
import type { PhoneCall } from './phone-call.ts';

/**
 * Answers a caller and starts the media. Returns whether the call goes on.
 *
 * @param sdp our answer, or our offer if the caller made none
 */
export async function connectCaller(call: PhoneCall, sip: IncomingCall, sdp: string): Promise<boolean> {
  sip.once('answered', () => call.setAnswered());
  sip.accept(sdp);
  // No audio flows either way until the caller has proved that it is at the source address of its packets (threat 52).
  await sip.returnPath();
  // If the caller made no offer, its answer comes with the ACK and starts the media.
  if (!call.ended && sip.offer !== undefined) {
    await call.startMedia();
  }
  return !call.ended;
}
