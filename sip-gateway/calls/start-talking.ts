import { isCallRoom } from '../../contract/index.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';
import { PhoneMenu } from './phone-menu.ts';

/** Connects the phone to its room, both ways, and reads its keys as commands. */
export async function startTalking(host: CallHost, call: PhoneCall): Promise<void> {
  listenToKeys(host, call);
  await call.connect();
  const { seat } = call;
  if (call.ended || !seat) {
    return;
  }
  // In a direct call somebody is there, or about to be.
  if (!isCallRoom(seat.roomId)) {
    call.sounds.play('joined');
    if ((host.rooms.find(seat.roomId)?.others ?? 0) === 0) {
      call.sounds.play('alone');
    }
  }
  if (seat.muted) {
    call.startMuted();
  }
}

/** Reads the phone's keys as commands. */
export function listenToKeys(host: CallHost, call: PhoneCall): void {
  const menu = new PhoneMenu(host, call);
  call.onPlayed = () => {};
  call.onKey = (key) => menu.press(key);
  call.onCallFailed = (callId) => menu.callFailed(callId);
}
