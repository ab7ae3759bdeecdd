import { CanopyError } from '../../base/index.ts';
import type { EventData } from '../../contract/index.ts';
import { outgoingTarget, roomNumber } from '../dial/index.ts';
import type { EndCause } from '../metrics.ts';
import { NoRouteError, type OutgoingCall, SdpError, SipParseError, type SipStack } from '../sip/index.ts';
import { srtpUse } from './call-encryption.ts';
import type { CallHost } from './phone-call.ts';
import { PhoneCall } from './phone-call.ts';
import { startTalking } from './start-talking.ts';

export interface DialOptions extends EventData<'gateway.dial'> {
  stack: SipStack;
  /** The call failed or was refused. */
  failed(error: CanopyError): void;
}

/** How long a phone may ring, in seconds. */
const RING_SECONDS = 60;
/** SIP status of a phone that cannot accept our offer. */
const NOT_ACCEPTABLE = 488;
/** Why a phone refuses an offer that includes G.711. */
const ENCRYPTION_REFUSED = {
  off: 'the phone requires encryption (SRTP)',
  preferred: 'the phone requires encryption (SRTP)',
  required: 'the phone refuses encryption (SRTP)',
} as const;

/** Calls a phone into a room. */
export async function placeCall(host: CallHost, options: DialOptions): Promise<void> {
  const { callId, roomId, target: dialled, displayName, caller, stack, failed } = options;
  const config = host.config();
  const route = outgoingTarget(config, dialled);
  if (!route) {
    failed(new CanopyError('CALL_REFUSED'));
    return;
  }
  const call = new PhoneCall(host, {
    callId,
    direction: 'outgoing',
    remote: route.number,
    dialled,
    trunk: route.trunk,
    roomId,
    displayName,
    srtp: srtpUse(config, route.trunk === null ? { phone: route.number } : { trunk: route.trunk }),
  });
  call.log.info({ roomId, trunk: route.trunk }, 'placing a call');
  call.onEnd = (cause, end) => {
    if (!call.answered && cause !== 'kicked') {
      failed(failureOf(call, cause, end));
    }
  };
  try {
    await call.enterRoom(roomId, 'dialing');
    const way = await stack.wayTowards(route.target);
    if (way === undefined) {
      throw new NoRouteError(`${route.number} is not reachable`);
    }
    const media = await call.openMedia(host.mediaAddress(way.address), way.overTls);
    if (call.ended) {
      return;
    }
    // The number that the phone displays and calls back.
    const number = roomNumber(config, roomId);
    const user = route.trunk === null ? number : route.callerId;
    const shown = caller === undefined ? roomId : `${caller} (${roomId})`;
    const sip = await stack.invite(route.target, {
      sdp: media.offer(),
      from: { displayName: shown, ...(user !== undefined && { user }) },
      ...(number !== undefined && { contactUser: number }),
      ringSeconds: RING_SECONDS,
    });
    call.follow(sip);
    if (call.ended) {
      await sip.hangUp();
      return;
    }
    await untilAnswered(call, sip);
    if (!call.ended) {
      await startTalking(host, call);
    }
  } catch (error) {
    if (call.ended) {
      return;
    }
    if (error instanceof NoRouteError || error instanceof SipParseError) {
      await call.end('refused', { status: 480, reason: error.message });
    } else if (error instanceof SdpError) {
      await call.end('protocol', { reason: error.message });
    } else {
      call.fail(error);
    }
  }
}

/** Shows the call's progress in the room. Resolves once it is answered, with media started, or has ended. */
async function untilAnswered(call: PhoneCall, sip: OutgoingCall): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  sip.once('end', () => resolve(false));
  sip.once('answered', () => resolve(true));
  sip.once('progress', () => {
    call.stage('ringing');
    call.seat?.setCallState('ringing').catch(() => {});
  });
  if (!(await promise) || call.ended) {
    return;
  }
  readAnswer(call, sip.remoteSdp ?? '');
  call.setAnswered();
  await Promise.all([call.startMedia(), call.seat?.setCallState('answered')]);
}

/** @throws {SdpError} with a reason meant for the person who placed the call */
function readAnswer(call: PhoneCall, sdp: string): void {
  try {
    call.media?.readAnswer(sdp);
  } catch (error) {
    if (!(error instanceof SdpError)) {
      throw error;
    }
    // Every offer includes G.711, so a phone that refuses the whole audio line does so because of encryption.
    const refused =
      /^m=audio 0 /m.test(sdp) || (/^m=audio \S+ \S*SAVP/m.test(sdp) && !/^a=crypto:/m.test(sdp));
    throw refused ? new SdpError(ENCRYPTION_REFUSED[call.srtp], error.warning) : error;
  }
}

function failureOf(
  call: PhoneCall,
  cause: EndCause,
  { status, reason }: { status?: number; reason?: string },
): CanopyError {
  if (status === NOT_ACCEPTABLE) {
    return new CanopyError('CALL_FAILED', `${status} ${ENCRYPTION_REFUSED[call.srtp]}, or shares no codec`);
  }
  if (status !== undefined) {
    return new CanopyError('CALL_FAILED', [status, reason].filter(Boolean).join(' '));
  }
  return new CanopyError('CALL_FAILED', cause === 'timeout' ? '408 no answer' : (reason ?? cause));
}
