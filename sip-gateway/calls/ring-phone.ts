import { CanopyError } from '../../base/index.ts';
import type { EventData } from '../../contract/index.ts';
import { ANSWERED_ELSEWHERE, IncomingCall, reasonField } from '../sip/index.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';

const REASONS = { answered: ANSWERED_ELSEWHERE, declined: reasonField(603, 'Declined') } as const;

/** What a direct call adds to the call of a phone: it enters a room only once it has answered, unless another device was first. */
export interface DirectRing {
  readonly caller: EventData<'gateway.ring'>['caller'];
  readonly ringSeconds: number;
}

/** The phone rings: the caller is told. */
export function reportRinging({ people }: CallHost, { callId, log }: PhoneCall): void {
  people.server
    .ringing(callId)
    .catch((error: unknown) => log.debug({ err: error }, 'could not report that a phone rings'));
}

/** The phone was answered: brings it into the call's room. If another device was first, it is told so. */
export async function enterDirectCall({ people }: CallHost, call: PhoneCall): Promise<void> {
  let roomId: string;
  try {
    roomId = await people.server.answered(call.callId);
  } catch (error) {
    const { code } = CanopyError.from(error);
    call.log.info({ code }, 'a phone answered too late');
    await hangUp(call, code === 'CALL_TAKEN' ? { elsewhere: 'answered' } : {});
    return;
  }
  if (!call.ended) {
    await call.enterRoom(roomId, 'answered');
  }
}

/** Hangs up for the server. A call that a phone places and that is not answered yet is refused with `sipStatus`, by default 480. */
export async function hangUp(
  call: PhoneCall,
  { sipStatus: status, elsewhere }: Pick<EventData<'gateway.hangUp'>, 'sipStatus' | 'elsewhere'>,
): Promise<void> {
  const { sip } = call;
  if (status !== undefined && sip instanceof IncomingCall && !call.answered) {
    await call.end('refused', { status }, () => sip.reject(status));
  } else if (elsewhere) {
    await call.end('local', {}, () => sip?.hangUp([REASONS[elsewhere]]));
  } else {
    await call.end('local');
  }
}
