import { incomingRoute } from '../dial/index.ts';
import { INTERRUPTED, type RestoredCall, type SavedIncomingInvite } from '../sip/index.ts';
import { type CallHost, PhoneCall } from './phone-call.ts';
import { pinsAt } from './pin-admissions.ts';
import { PinDialogue } from './pin-dialogue.ts';
import type { SavedPhoneCall, SavedSeat, SavedSession } from './saved-call.ts';
import { listenToKeys } from './start-talking.ts';
import { takeCall } from './take-call.ts';

/** A caller whose CANCEL got no answer for this long (64·T1) has given up, in milliseconds. */
const MAX_WAIT_MS = 32_000;
const UNAVAILABLE = 503;

/**
 * Continues a call that a killed gateway has left: with its ports, its streams and its dialog, without the phone noticing. If its port is
 * gone, a re-INVITE names another one. A caller who waits for an answer gets one, and one who was asked for a PIN is asked again. A call that
 * cannot be continued is ended. Never rejects.
 */
export async function restoreCall(host: CallHost, saved: SavedPhoneCall): Promise<void> {
  if ('message' in saved.state) {
    await restoreWaiting(host, saved, saved.state);
  } else {
    await restoreAnswered(host, saved, saved.state);
  }
}

async function restoreAnswered(
  host: CallHost,
  { callId, parts, startedAtMs, savedAtMs, charge }: SavedPhoneCall,
  { answeredAtMs, place, ...session }: SavedSession,
): Promise<void> {
  const roomId = 'roomId' in place ? place.roomId : null;
  const call = new PhoneCall(host, { ...parts, callId, roomId, earlier: { startedAtMs, answeredAtMs } });
  if (charge) {
    host.trunks.resume(callId, parts.trunk, charge);
    call.onEnded(() => host.trunks.finish(callId));
  }
  let sip: RestoredCall | undefined;
  try {
    sip = host.stack.restoreCall(session.sip);
    call.follow(sip);
    const moved = await call.restoreMedia(session.media, Date.now() - savedAtMs);
    if (moved) {
      moved.readAnswer(await sip.reinvite(moved.offer()));
    }
    await call.startMedia();
    // The phone may have hung up while nobody listened.
    sip.confirm().catch(() => {});
    if ('roomId' in place) {
      await enterAgain(host, call, place);
    } else {
      const route = incomingRoute(host.config(), parts.dialled);
      const pins = route.type === 'reject' ? undefined : pinsAt(route, host.config());
      new PinDialogue(host, call, place, pins ?? new Map()).begin();
    }
    call.log.info({ afterMs: Date.now() - savedAtMs, moved: moved !== undefined }, 'call continued');
  } catch (error) {
    if (!call.ended) {
      call.log.warn({ err: error }, 'call cannot be continued');
      await call.end('failed', {}, () => sip?.hangUp([INTERRUPTED]));
    }
  }
}

async function enterAgain(
  host: CallHost,
  call: PhoneCall,
  { roomId, participantId, muted, handUp, isModerator }: SavedSeat,
): Promise<void> {
  // It was inside already, so it may enter a locked room.
  const admission = { pinGiven: true, isModerator, movedFrom: participantId };
  const seat = await call.enterRoom(roomId, 'answered', admission);
  listenToKeys(host, call);
  if (muted || seat.muted) {
    await call.restoreMute(seat);
  }
  if (handUp) {
    await seat.setHandUp(true);
  }
  await call.connect();
}

/** The caller still hears ringing. */
async function restoreWaiting(
  host: CallHost,
  { callId, startedAtMs, savedAtMs }: SavedPhoneCall,
  invite: SavedIncomingInvite,
): Promise<void> {
  const sip = host.stack.restoreInvite(invite);
  if (!sip) {
    return;
  }
  const afterMs = Date.now() - savedAtMs;
  if (afterMs > MAX_WAIT_MS) {
    sip.reject(UNAVAILABLE, { headers: [INTERRUPTED] });
    return;
  }
  host.log.info({ callId, afterMs }, 'a caller still waits for an answer');
  await takeCall(host, sip, { callId, startedAtMs }).catch((error: unknown) =>
    host.log.error({ err: error, callId }, 'call failed'),
  );
}
