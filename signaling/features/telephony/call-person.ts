import { CanopyError } from '../../../base/index.ts';
import type { RequestData } from '../../../contract/index.ts';
import type { Kernel } from '../../kernel/index.ts';
import type { Telephony } from './telephony.ts';

/** A phone calls a person by their number. @throws {CanopyError} PERSON_UNKNOWN, CALL_BARRED, IN_ANOTHER_CALL, RATE_LIMITED */
export async function callPerson(
  kernel: Pick<Kernel, 'takePhoneCall'>,
  { legs, phones }: Pick<Telephony, 'legs' | 'phones'>,
  { callId, dialled, caller }: RequestData<'gateway.call'>,
): Promise<void> {
  // From here on, the end of the phone's call is noticed.
  const leg = legs.take(callId);
  if (leg.events) {
    // A gateway that was restarted asks again, and has not heard what happened meanwhile.
    leg.repeat();
    return;
  }
  try {
    const { phone, trunk, number, displayName } = caller;
    const [calleeId, ownerId] = await Promise.all([
      phones.accountAt(dialled),
      phone === undefined ? undefined : phones.ownerOf(phone),
    ]);
    if (calleeId === undefined) {
      throw new CanopyError('PERSON_UNKNOWN');
    }
    const limitKey = phone === undefined ? `trunk ${trunk} ${number ?? ''}` : `phone ${phone}`;
    const events = await kernel.takePhoneCall({ leg, calleeId, ownerId, displayName, number, limitKey });
    leg.events = events;
    if (leg.ended) {
      // It hung up meanwhile.
      events.ended({ codec: null, mos: null, endCause: 'cancelled', sipStatus: null });
    }
  } catch (error) {
    legs.failed(callId, null);
    throw error;
  }
}
