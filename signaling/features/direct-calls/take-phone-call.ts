import type { CallByPhone, Kernel, PhoneLegEvents } from '../../kernel/index.ts';
import type { Asking } from './direct-calls.ts';
import { phoneEndpoint, phoneKey } from './parties.ts';
import { personAt, type RingFeature, ringPerson } from './ring-person.ts';

/**
 * A phone calls a person. If the phone belongs to somebody, it is their call; otherwise it comes from a number.
 *
 * @throws {CanopyError} as ringPerson()
 */
export async function takePhoneCall(
  kernel: Kernel,
  feature: RingFeature,
  { leg, calleeId, ownerId, displayName, number = '', limitKey }: CallByPhone,
): Promise<PhoneLegEvents> {
  const { calls, preferences, limits } = feature;
  const { callId } = leg;
  limits.attempt(ownerId ?? limitKey);
  const callee = await personAt(kernel, preferences, calleeId);
  const caller: Asking = {
    ...(ownerId === undefined
      ? { accountId: phoneKey(callId), displayName, number, limitKey }
      : await personAt(kernel, preferences, ownerId)),
    endpoint: phoneEndpoint(callId),
    byPhone: { leg, number },
  };
  const call = await ringPerson(kernel, feature, caller, callee, { callId, media: 'audio' });
  return calls.eventsOf(call.callId, leg);
}
