import type { EventData } from '../../contract/index.ts';
import { dialledNumber } from '../../contract/index.ts';
import { incomingRoute, outgoingTarget } from '../dial/index.ts';
import {
  encodeUser,
  formatNameAddr,
  formatReplaces,
  NO_PARAMS,
  parseUri,
  type SipUri,
  type TelUri,
} from '../sip/index.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';
import { sipStatusOf } from './sip-status.ts';

/** Refer-To, and how the history names it. */
interface Reference {
  referTo: string;
  name: string;
}

/**
 * Transfers a call as the operator asks. To a room: the phone goes there in its call. Otherwise its trunk is asked to connect it (REFER), and
 * our call ends once it has. The server has checked the request against the dial plan, which is read again here.
 */
export async function referCall(
  host: CallHost,
  call: PhoneCall,
  { target, otherCallId }: EventData<'gateway.transfer'>,
): Promise<void> {
  const { sip } = call;
  if (!sip || !call.answered || call.ended || call.transferring) {
    call.log.warn('transfer refused: the call is not answered, or being transferred');
    return;
  }
  const config = host.config();
  const dialled = target === undefined ? undefined : dialledNumber(target);
  const room = dialled === undefined ? undefined : incomingRoute(config, dialled);
  if (dialled !== undefined && room?.type === 'room' && room.pin === undefined) {
    await moveCall(host, call, dialled, room.roomId);
    return;
  }
  const other = otherCallId === undefined ? undefined : host.find(otherCallId);
  const reference = other ? toParty(other) : toNumber(host, call, dialled);
  const kind = otherCallId === undefined ? 'blind' : 'attended';
  call.beginTransfer(reference?.name ?? target ?? '');
  if (!reference) {
    host.metrics.transferred(kind, 'refused');
    call.finishTransfer(FORBIDDEN);
    return;
  }
  call.log.info({ kind }, 'transfer begins');
  try {
    const { status, reason } = await sip.refer(reference.referTo);
    const hasSucceeded = status >= 200 && status < 300;
    call.log.info({ status, reason }, 'transfer ended');
    host.metrics.transferred(kind, hasSucceeded ? 'succeeded' : 'failed');
    call.finishTransfer(status);
    // After a 202 the outcome is unknown: the trunk ends the call if it has connected the party.
    if (status === OK) {
      await call.end('transferred');
    }
  } catch (error) {
    call.log.warn({ err: error }, 'transfer failed');
    host.metrics.transferred(kind, 'failed');
    call.finishTransfer(UNAVAILABLE);
  }
}

const OK = 200;
const FORBIDDEN = 403;
const UNAVAILABLE = 503;

async function moveCall(host: CallHost, call: PhoneCall, dialled: string, roomId: string): Promise<void> {
  call.beginTransfer(dialled);
  try {
    await call.moveTo(roomId, false);
    host.metrics.transferred('room', 'succeeded');
    call.finishTransfer(OK);
  } catch (error) {
    host.metrics.transferred('room', 'failed');
    call.log.warn({ err: error, to: roomId }, 'could not move a phone to another room');
    call.finishTransfer(sipStatusOf(error));
  }
}

/** A number at the call's own trunk; undefined if it is not reached through that. */
function toNumber(host: CallHost, call: PhoneCall, dialled: string | undefined): Reference | undefined {
  const config = host.config();
  const route = dialled === undefined ? undefined : outgoingTarget(config, dialled);
  const trunk = config.trunks.find(({ name }) => name === call.trunk);
  if (!route || !trunk || route.trunk !== trunk.name || !('number' in route.target)) {
    return undefined;
  }
  const next = parseUri(trunk.uri);
  if (!('host' in next)) {
    return undefined;
  }
  const { number } = route.target;
  const uri: SipUri = {
    scheme: next.scheme,
    user: encodeUser(number),
    host: trunk.domain ?? next.host,
    ...(trunk.domain === undefined && next.port !== undefined && { port: next.port }),
    params: NO_PARAMS,
  };
  return { referTo: formatNameAddr({ uri, params: NO_PARAMS }), name: route.number };
}

/** The party of another call, whose dialog with us the new call replaces (RFC 3891, RFC 5589 §7). */
function toParty({ sip, remote }: PhoneCall): Reference | undefined {
  const { replaces, remoteTarget } = sip ?? {};
  if (!replaces || !remoteTarget || !('host' in remoteTarget)) {
    return undefined;
  }
  const headers = `Replaces=${encodeURIComponent(formatReplaces(replaces))}`;
  const uri: SipUri | TelUri = { ...remoteTarget, headers };
  return { referTo: formatNameAddr({ uri, params: NO_PARAMS }), name: remote };
}
