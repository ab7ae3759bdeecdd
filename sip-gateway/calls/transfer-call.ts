import { randomUUID } from 'node:crypto';
import { type TransferRoute, transferRoute } from '../dial/index.ts';
import type { TransferKind } from '../metrics.ts';
import {
  type Call,
  type CallerIdentity,
  encodeUser,
  formatNameAddr,
  formatReplaces,
  formatUri,
  type HeaderField,
  IncomingCall,
  type NameAddr,
  NO_PARAMS,
  type ReferContent,
  type ReferNotifier,
  type ReferRequest,
} from '../sip/index.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';
import { placeCall } from './place-call.ts';
import { sipStatusOf } from './sip-status.ts';

/** How long a transferred phone may take to answer the last NOTIFY before it is hung up, in milliseconds. */
const GOODBYE_MS = 2000;
/** Maximum length in characters of a Referred-By that is passed on. */
const MAX_REFERRED_BY = 256;

/**
 * Transfers a phone that is in a room, at its request (REFER). To a number: that is called into the room, and once it answers, the phone's
 * own call ends. To a room: the phone goes there. Everything else is refused.
 */
export function transferCall(host: CallHost, call: PhoneCall, request: ReferRequest): void {
  const { content } = request;
  const { seat, party } = call;
  const target = formatUri(content.target);
  const phone = host.stack.registrar.phoneNamed(target);
  const route = transferRoute(host.config(), party, phone?.user ?? target);
  const kind: TransferKind = route.type === 'room' ? 'room' : content.replaces ? 'attended' : 'blind';
  const refuse = (status: number, reason: string) => {
    host.metrics.transferred(kind, 'refused');
    call.log.warn({ party, status, reason }, 'transfer refused');
    request.reject(status, reason);
  };
  if (!seat) {
    refuse(403, 'Not In A Room');
  } else if (call.transferring) {
    refuse(491, 'Another Transfer Is In Progress');
  } else if (route.type === 'refuse') {
    refuse(route.status, route.reason);
  } else if (route.type === 'room' && (content.replaces || route.roomId === seat.roomId)) {
    // Both ends of the transfer would be rooms: to connect these could make a loop.
    refuse(603, content.replaces ? 'Rooms Cannot Be Connected' : 'Already In This Room');
  } else if (!host.transfers.take(keyOf(party))) {
    refuse(503, 'Too Many Transfers');
  } else if (route.type === 'room') {
    void moveCall(host, call, request.accept(), route.roomId);
  } else {
    const gruu = phone && route.route.trunk === null ? target : undefined;
    void callInstead(host, call, request, {
      route,
      kind,
      roomId: seat.roomId,
      target: gruu ?? route.dialled,
    });
  }
}

/** The phone goes to another room in its present call. It gets no result: after a success, it would hang up. */
async function moveCall(
  host: CallHost,
  call: PhoneCall,
  notifier: ReferNotifier,
  roomId: string,
): Promise<void> {
  try {
    await call.moveTo(roomId, false);
    host.metrics.transferred('room', 'succeeded');
    await notifier.close();
  } catch (error) {
    host.metrics.transferred('room', 'failed');
    call.log.warn({ err: error, to: roomId }, 'could not move a phone to another room');
    await notifier.finish(sipStatusOf(error), 'Room Not Available');
  }
}

/** Calls the target into the room. Once it has answered, the transferring phone leaves. */
async function callInstead(
  host: CallHost,
  call: PhoneCall,
  request: ReferRequest,
  {
    route: { dialled, displayName },
    kind,
    roomId,
    target,
  }: {
    route: Extract<TransferRoute, { type: 'call' }>;
    kind: TransferKind;
    roomId: string;
    /** What is called: the number, or the GRUU of one phone. */
    target: string;
  },
): Promise<void> {
  const notifier = request.accept();
  const callId = randomUUID();
  call.beginTransfer(dialled);
  call.log.info({ newCallId: callId, kind }, 'transfer begins');
  // A phone that was removed from the room puts nobody there any more.
  const stop = call.onEnded((cause) => {
    if (cause !== 'transferred') {
      void host.find(callId)?.end('local');
    }
  });
  await placeCall(host, {
    callId,
    roomId,
    target,
    displayName,
    caller: call.displayName,
    transfer: {
      headers: headersOf(request.content, call),
      onProgress: (status, reason) => notifier.progress(status, reason),
      onJoined: () => {
        host.metrics.transferred(kind, 'succeeded');
        void leave(call, notifier);
      },
      onFailed: (sipStatus, reason) => {
        host.metrics.transferred(kind, 'failed');
        call.finishTransfer(sipStatus);
        void notifier.finish(sipStatus, reason);
      },
    },
    failed: () => {},
  });
  stop();
}

/** The transfer succeeded: notifies the phone and hangs up, unless it has done so itself. */
async function leave(call: PhoneCall, notifier: ReferNotifier): Promise<void> {
  call.finishTransfer(200);
  const timer = setTimeout(() => void call.end('transferred'), GOODBYE_MS);
  await notifier.finish(200, 'OK');
  clearTimeout(timer);
  await call.end('transferred');
}

function headersOf({ replaces, referredBy }: ReferContent, { party, sip }: PhoneCall): HeaderField[] {
  const fields: HeaderField[] = [];
  if (replaces) {
    fields.push(['replaces', formatReplaces(replaces)], ['require', 'replaces']);
  }
  const isWithheld = sip instanceof IncomingCall && sip.withheld;
  const by = isWithheld ? undefined : (referrer(party, sip) ?? referredBy);
  const text = by && formatNameAddr({ uri: by.uri, params: NO_PARAMS });
  if (text !== undefined && text.length <= MAX_REFERRED_BY) {
    fields.push(['referred-by', text]);
  }
  return fields;
}

/** A phone's account, which is certain, unlike what it says of itself (RFC 3892 §2.2). A trunk speaks for its callers. */
function referrer(party: CallerIdentity, sip: Call | undefined): NameAddr | undefined {
  const host = sip && 'host' in sip.local.uri ? sip.local.uri.host : undefined;
  if (party.kind !== 'user' || host === undefined) {
    return undefined;
  }
  return {
    uri: { scheme: 'sip', user: encodeUser(party.username), host, params: NO_PARAMS },
    params: NO_PARAMS,
  };
}

function keyOf(party: CallerIdentity): string {
  return party.kind === 'user'
    ? `user ${party.username}`
    : party.kind === 'trunk'
      ? `trunk ${party.trunkId}`
      : '';
}
