import { CanopyError } from '../../base/index.ts';
import type { EventData } from '../../contract/index.ts';
import { type OutgoingTarget, roomNumber } from '../dial/index.ts';
import type { EndCause } from '../metrics.ts';
import {
  type HeaderField,
  NoRouteError,
  type OutgoingCall,
  SdpError,
  SipParseError,
  TrunkFullError,
} from '../sip/index.ts';
import { TrunkRefusal } from '../trunks/index.ts';
import { calleeSettings } from './call-settings.ts';
import { EarlyMedia } from './early-media.ts';
import { type ForwardedTo, Forwarding } from './forwarding.ts';
import type { CallHost } from './phone-call.ts';
import { PhoneCall } from './phone-call.ts';
import { type DirectRing, enterDirectCall, reportRinging } from './ring-phone.ts';
import { routeTo } from './route-to.ts';
import { sipStatusOf } from './sip-status.ts';
import { startTalking } from './start-talking.ts';

export interface DialOptions extends Omit<EventData<'gateway.dial'>, 'roomId'> {
  /** The room that the phone enters while it rings. Absent for direct calls: their phones enter once they have answered. */
  roomId?: string;
  /** Set for a direct call. */
  direct?: DirectRing;
  /** The call failed or was refused. `sipStatus`: the callee's, or the one that fits the failure best. */
  failed(error: CanopyError, sipStatus: number): void;
  /** Set if a phone in the room transfers to the callee. Default: a person in the room calls. */
  transfer?: TransferredCall;
}

/** What a transfer adds to a call. The callee enters as a guest would, so not into a locked room. */
export interface TransferredCall {
  /** Referred-By, Replaces. */
  headers: readonly HeaderField[];
  onProgress(status: number, reason: string): void;
  /** The callee is in the room. */
  onJoined(): void;
  /** The call ended before that. `sipStatus`: the callee's, or the one that fits the failure best. */
  onFailed(sipStatus: number, reason: string): void;
}

const FORBIDDEN = 403;
/** How long a phone may ring, in seconds. */
const RING_SECONDS = 60;
/** SIP status of a phone that cannot accept our offer. */
const NOT_ACCEPTABLE = 488;
/** The same for one phone, and for all phones of a person. */
const REFUSED_OFFER: ReadonlySet<number> = new Set([NOT_ACCEPTABLE, 606]);
const STATUS_OF_CAUSE: Partial<Record<EndCause, number>> = { timeout: 408, kicked: 603, local: 603 };
const UNAVAILABLE = 503;
/** Why a phone refuses an offer that includes G.711. */
const ENCRYPTION_REFUSED = {
  off: 'the phone requires encryption (SRTP)',
  preferred: 'the phone requires encryption (SRTP)',
  required: 'the phone refuses encryption (SRTP)',
} as const;

/** Calls a phone into a room, or for a direct call. */
export async function placeCall(host: CallHost, options: DialOptions): Promise<void> {
  const {
    callId,
    roomId,
    target: dialled,
    displayName,
    caller,
    withheld,
    failed,
    transfer,
    direct,
  } = options;
  const { stack } = host;
  const config = host.config();
  const route = routeTo(host, dialled);
  if (!route) {
    failed(new CanopyError('CALL_REFUSED'), FORBIDDEN);
    return;
  }
  const call = new PhoneCall(host, {
    callId,
    direction: 'outgoing',
    remote: route.number,
    dialled,
    trunk: route.trunk,
    roomId: roomId ?? null,
    displayName,
    settings: calleeSettings(config, route),
  });
  call.log.info({ roomId, trunk: route.trunk }, 'placing a call');
  let joined = false;
  let refusal: TrunkRefusal | undefined;
  call.onEnded((cause, end) => {
    host.trunks.finish(callId);
    const status = end.status ?? STATUS_OF_CAUSE[cause] ?? UNAVAILABLE;
    if (!call.answered && cause !== 'kicked') {
      failed(refusal?.error ?? failureOf(call, cause, end), status);
    }
    if (!joined) {
      transfer?.onFailed(status, end.reason ?? cause);
    }
  });
  try {
    host.trunks.begin(callId, route, dialled);
    if (roomId !== undefined) {
      await (transfer
        ? call.enterRoom(roomId, 'ringing', { pinGiven: true })
        : call.enterRoom(roomId, 'dialing'));
    }
    const way = await wayTo(host, route);
    const media = await call.openMedia(host.mediaAddress(way.address), way.overTls);
    if (call.ended) {
      return;
    }
    // The number that the phone displays and calls back.
    const number = direct ? direct.caller.number : roomNumber(config, roomId ?? '');
    const shown = direct?.caller.displayName ?? (caller === undefined ? roomId : `${caller} (${roomId})`);
    const forwarding = new Forwarding(config, route);
    let next: ForwardedTo | undefined = { dialled, route, headers: [] };
    let isRetry = false;
    while (next) {
      const { trunk, callerId, target } = next.route;
      const user = trunk === null ? number : callerId;
      const sip = await stack.invite(target, {
        sdp: media.offer({ isRetry }),
        from: { displayName: shown ?? '', withheld: withheld ?? false, ...(user !== undefined && { user }) },
        ...(number !== undefined && { contactUser: number }),
        ringSeconds: direct?.ringSeconds ?? RING_SECONDS,
        headers: [...(transfer?.headers ?? []), ...next.headers],
      });
      if (transfer) {
        sip.on('progress', ({ status, reason }) => transfer.onProgress(status, reason));
      }
      if (direct) {
        sip.once('progress', () => reportRinging(host, call));
      }
      if (call.ended) {
        await sip.hangUp();
        return;
      }
      const outcome = await untilAnswered(host, call, sip, forwarding, !isRetry && media.canRetry);
      isRetry = outcome === 'retry';
      if (outcome === 'retry') {
        call.log.info('the offer was refused; trying another one');
        continue;
      }
      next = outcome;
      if (next) {
        host.trunks.begin(callId, next.route, next.dialled);
        await forward(host, call, next);
      }
    }
    if (!call.ended && direct) {
      await enterDirectCall(host, call);
    }
    if (!call.ended) {
      await startTalking(host, call);
    }
    if (!call.ended) {
      joined = true;
      transfer?.onJoined();
    }
  } catch (error) {
    if (call.ended) {
      return;
    }
    refusal = error instanceof TrunkRefusal ? error : undefined;
    if (error instanceof TrunkFullError) {
      refusal = host.trunks.refused('calls', { name: call.trunk ?? '' });
    }
    if (refusal) {
      await call.end(refusal.barred ? 'barred' : 'limit', {
        status: refusal.status,
        reason: refusal.message,
      });
    } else if (error instanceof NoRouteError || error instanceof SipParseError) {
      await call.end('refused', { status: 480, reason: error.message });
    } else if (error instanceof SdpError) {
      await call.end('protocol', { reason: error.message });
    } else if (transfer && error instanceof CanopyError) {
      await call.end('refused', { status: sipStatusOf(error), reason: error.code });
    } else {
      call.fail(error);
    }
  }
}

/** Prepares a call for its next target. Whether it is encrypted depends on that. @throws {NoRouteError} the target is not reachable */
async function forward(host: CallHost, call: PhoneCall, { dialled, route }: ForwardedTo): Promise<void> {
  const { overTls } = await wayTo(host, route);
  const settings = calleeSettings(host.config(), route);
  call.forwarded({ dialled, remote: route.number, trunk: route.trunk, settings, overTls });
}

/** @throws {NoRouteError} the target is not reachable */
async function wayTo({ stack }: CallHost, { number, target }: OutgoingTarget) {
  const way = await stack.wayTowards(target);
  if (way === undefined) {
    throw new NoRouteError(`${number} is not reachable`);
  }
  return way;
}

/**
 * Shows the call's progress in the room. Resolves once it is answered, with media started, or has ended; with the next target if it was
 * forwarded; with `retry` if the callee refused our offer and there is another one (`canRetry`).
 */
async function untilAnswered(
  host: CallHost,
  call: PhoneCall,
  sip: OutgoingCall,
  forwarding: Forwarding,
  canRetry: boolean,
): Promise<ForwardedTo | 'retry' | undefined> {
  const { promise, resolve } = Promise.withResolvers<boolean | ForwardedTo | 'retry'>();
  call.follow(sip, (end) => {
    if (canRetry && !call.ended && REFUSED_OFFER.has(end.status ?? 0)) {
      resolve('retry');
      return true;
    }
    const next = call.ended ? undefined : forwarding.next(sip, end);
    if (end.redirection) {
      host.metrics.transferred('forwarded', next ? 'succeeded' : 'refused');
    }
    if (next) {
      resolve(next);
    }
    return next !== undefined;
  });
  sip.once('end', () => resolve(false));
  sip.once('answered', () => resolve(true));
  sip.once('progress', () => {
    call.stage('ringing');
    call.seat?.setCallState('ringing').catch(() => {});
  });
  const early = new EarlyMedia(host, call, sip);
  const outcome = await promise;
  if (typeof outcome !== 'boolean') {
    return outcome;
  }
  if (!outcome || call.ended) {
    return undefined;
  }
  await early.finish();
  if (call.ended) {
    return undefined;
  }
  readAnswer(call, sip.remoteSdp ?? '');
  call.setAnswered();
  host.trunks.answered(call.callId);
  await Promise.all([call.startMedia(), call.seat?.setCallState('answered')]);
  return undefined;
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
    throw refused ? new SdpError(ENCRYPTION_REFUSED[call.settings.srtp], error.warning) : error;
  }
}

function failureOf(
  call: PhoneCall,
  cause: EndCause,
  { status, reason }: { status?: number; reason?: string },
): CanopyError {
  if (status === NOT_ACCEPTABLE) {
    return new CanopyError(
      'CALL_FAILED',
      `${status} ${ENCRYPTION_REFUSED[call.settings.srtp]}, or shares no codec`,
    );
  }
  if (status !== undefined) {
    return new CanopyError('CALL_FAILED', [status, reason].filter(Boolean).join(' '));
  }
  return new CanopyError('CALL_FAILED', cause === 'timeout' ? '408 no answer' : (reason ?? cause));
}
