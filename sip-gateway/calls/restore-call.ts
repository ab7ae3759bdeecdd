import { type CallHost, PhoneCall } from './phone-call.ts';
import type { SavedPhoneCall } from './saved-call.ts';
import { listenToKeys } from './start-talking.ts';

/**
 * Continues a call that a killed gateway has left: with its ports, its streams and its dialog, without the phone noticing. If its port is
 * gone, the phone is told another one. A call that cannot be continued is ended. Never rejects.
 */
export async function restoreCall(host: CallHost, saved: SavedPhoneCall): Promise<void> {
  const { callId, parts, startedAtMs, answeredAtMs, roomId, muted, handUp, isModerator, charge } = saved;
  const call = new PhoneCall(host, { ...parts, callId, roomId, earlier: { startedAtMs, answeredAtMs } });
  if (charge) {
    host.trunks.resume(callId, parts.trunk, charge);
    call.onEnded(() => host.trunks.finish(callId));
  }
  try {
    const sip = host.stack.restoreCall(saved.sip);
    call.follow(sip);
    const moved = await call.restoreMedia(saved.media, Date.now() - saved.savedAtMs);
    if (moved) {
      moved.readAnswer(await sip.reinvite(moved.offer()));
    }
    await call.startMedia();
    // The phone may have hung up while nobody listened.
    sip.confirm().catch(() => {});
    // It was inside already, so it may enter a locked room.
    const admission = { pinGiven: true, isModerator, movedFrom: saved.participantId };
    const seat = await call.enterRoom(roomId, 'answered', admission);
    listenToKeys(host, call);
    if (muted || seat.muted) {
      await call.restoreMute(seat);
    }
    if (handUp) {
      await seat.setHandUp(true);
    }
    await call.connect();
    call.log.info({ afterMs: Date.now() - saved.savedAtMs, moved: moved !== undefined }, 'call continued');
  } catch (error) {
    if (!call.ended) {
      call.fail(error);
    }
  }
}
