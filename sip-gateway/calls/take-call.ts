import { isIP } from 'node:net';
import { CanopyError } from '../../base/index.ts';
import { numberFromTrunk, type TelephonyConfig } from '../../contract/index.ts';
import { type IncomingRoute, incomingRoute, trunkOf } from '../dial/index.ts';
import { type IncomingCall, mediaAddressIn, numberOrUser, SdpError } from '../sip/index.ts';
import { askForName } from './ask-for-name.ts';
import { callPerson, isPersonNumber } from './call-person.ts';
import { callerSettings } from './call-settings.ts';
import { callerAddress, callerName, callerParty } from './caller.ts';
import { callerAttributes } from './caller-attributes.ts';
import { connectCaller } from './connect-caller.ts';
import type { CallHost } from './phone-call.ts';
import { PhoneCall } from './phone-call.ts';
import { pinsAt } from './pin-admissions.ts';
import { PinDialogue } from './pin-dialogue.ts';
import type { PinCaller } from './pin-guard.ts';
import { sipStatusOf } from './sip-status.ts';
import { startTalking } from './start-talking.ts';
import { excludesPhones, turnAway } from './turn-away.ts';
import { verifyCaller } from './verify-caller.ts';

const FORBIDDEN = 403;

/**
 * Routes an incoming call: to a person if it is their number, else by the dial plan into a room, to the PIN prompt, or nowhere. A call that replaces another one takes over its
 * seat, if that has one. `earlier`: an earlier process has begun with this.
 */
export async function takeCall(
  host: CallHost,
  sip: IncomingCall,
  earlier?: { callId: string; startedAtMs: number },
): Promise<void> {
  const config = host.config();
  const { identity } = sip;
  const replaced = sip.replaced && host.callOf(sip.replaced);
  const roomId = replaced?.seat?.roomId;
  const dialled = numberFromTrunk(sip.dialled, trunkOf(config, identity)?.numbers);
  const route: IncomingRoute | { type: 'person' } =
    roomId !== undefined
      ? { type: 'room', roomId }
      : isPersonNumber(config, identity, dialled)
        ? { type: 'person' }
        : incomingRoute(config, dialled);
  const call = new PhoneCall(host, {
    ...(earlier && { callId: earlier.callId, earlier: { ...earlier, answeredAtMs: null } }),
    direction: 'incoming',
    remote: callerAddress(sip, config),
    dialled,
    trunk: identity.kind === 'trunk' ? identity.trunkId : null,
    roomId: route.type === 'room' ? route.roomId : null,
    displayName: callerName(sip, config),
    settings: callerSettings(config, identity),
    attributes: callerAttributes(sip, trunkOf(config, identity)?.headers),
  });
  call.log.info({ route: route.type, caller: identity.kind, replaces: replaced?.callId }, 'incoming call');
  call.follow(sip);
  const isOurs = identity.kind === 'trunk' || roomId !== undefined || route.type === 'person';
  if (!isOurs && host.trunks.isEmergency(dialled)) {
    const { status, message } = host.trunks.refused('emergency', undefined);
    await call.end('barred', { status, reason: message }, () => sip.reject(status, { reason: message }));
    return;
  }
  if (route.type === 'reject') {
    await refuse(call, sip, route.status);
    return;
  }
  if (!(await verifyCaller(host, call, sip))) {
    return;
  }
  const pins = route.type === 'person' ? undefined : pinsAt(route, config);
  const caller = pinCaller(sip, config);
  if (pins && host.pins.refuses(caller)) {
    await refuse(call, sip, FORBIDDEN, 'Too Many Wrong PINs');
    return;
  }
  try {
    const media = await call.openMedia(host.mediaAddress(mediaPeer(sip)));
    // If no media can be agreed on, refuse before the caller hears ringing and before the phone appears in the room.
    const sdp = sip.offer === undefined ? media.offer() : media.answer(sip.offer, sip.encryptedOffer);
    if (call.ended) {
      return;
    }
    if (route.type === 'person') {
      await callPerson(host, call, sip, { dialled, sdp });
      return;
    }
    let isExcluded = false;
    if (roomId === undefined) {
      sip.ring();
      call.stage('ringing');
      if (route.type === 'room' && !pins) {
        isExcluded = await call.enterRoom(route.roomId, 'answered').then(() => false, ifExcluded);
      }
    }
    if (call.ended) {
      return;
    }
    if (!(await connectCaller(call, sip, sdp))) {
      return;
    }
    if (isExcluded) {
      turnAway(call);
      return;
    }
    if (replaced) {
      await (roomId === undefined ? replaced.end('transferred') : call.takeSeat(replaced));
      host.metrics.transferred('replaced', call.ended ? 'failed' : 'succeeded');
    }
    if (pins) {
      new PinDialogue(host, call, { caller, failures: 0 }, pins).begin();
    } else {
      if (!replaced) {
        await askForName(host, call);
      }
      if (!call.ended) {
        await startTalking(host, call);
      }
    }
  } catch (error) {
    if (call.ended) {
      return;
    }
    if (call.answered) {
      call.fail(error);
    } else {
      await refuseFor(call, sip, error);
    }
  }
}

/** True if the room excludes phones, which the caller is then told. Rethrows other errors. */
function ifExcluded(error: unknown): true {
  if (!excludesPhones(error)) {
    throw error;
  }
  return true;
}

/** The peer address that decides our media address: the SDP's if its address family differs from the signalling's. */
function mediaPeer({ offer, source }: IncomingCall): string {
  const address = offer === undefined ? undefined : mediaAddressIn(offer);
  return address !== undefined && isIP(address) !== isIP(source.address) ? address : source.address;
}

/** The caller that wrong PINs are counted for. */
function pinCaller(sip: IncomingCall, config: TelephonyConfig): PinCaller {
  const { identity, source } = sip;
  switch (identity.kind) {
    case 'user':
      return { name: identity.username, trunk: undefined };
    case 'trunk': {
      const { trunkId: trunk } = identity;
      const party = callerParty(sip, config);
      const number = party && numberOrUser(party.uri);
      return { name: number ? `${trunk} ${number}` : undefined, trunk };
    }
    case 'anonymous':
      return { name: source.address, trunk: undefined };
  }
}

async function refuseFor(call: PhoneCall, sip: IncomingCall, error: unknown): Promise<void> {
  if (error instanceof SdpError) {
    const { status, message: reason, warningField } = error;
    await call.end('refused', { status, reason }, () => sip.reject(status, { headers: [warningField] }));
    return;
  }
  const { message } = CanopyError.from(error);
  call.log.warn({ err: error }, 'incoming call could not be handled');
  await refuse(call, sip, sipStatusOf(error), message);
}

async function refuse(call: PhoneCall, sip: IncomingCall, status: number, reason?: string): Promise<void> {
  await call.end('refused', { status, ...(reason !== undefined && { reason }) }, () => sip.reject(status));
}
