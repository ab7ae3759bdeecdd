import type { PhoneExchange, RingablePhone } from '../../kernel/index.ts';
import type { Telephony } from './telephony.ts';

/** Phones and numbers of people, for direct calls. */
export function phoneExchange(telephony: Telephony): PhoneExchange {
  const { legs, phones } = telephony;
  const ringable = (target: string, displayName: string, byAccountId?: string): RingablePhone => ({
    number: target,
    displayName,
    ring: (call, events) => {
      const leg = legs.ring({ target, ...call }, events);
      if (byAccountId !== undefined) {
        telephony.placed(leg.callId, byAccountId);
      }
      return leg;
    },
  });
  return {
    get ready() {
      return telephony.ready;
    },
    async phonesOf(accountId) {
      if (!telephony.ready) {
        return [];
      }
      const theirs = await phones.of(accountId);
      return theirs
        .filter(({ rings }) => rings)
        .map(({ username, displayName }) => ringable(username, displayName ?? username));
    },
    async numberOf(accountId) {
      return (await phones.numbersOf(accountId))[0];
    },
    accountAt: (number) => phones.accountAt(number),
    async route(number, byAccountId) {
      const { route, name } = await telephony.route(number, byAccountId);
      const target = route.type === 'phone' ? route.username : number;
      return ringable(target, name, byAccountId);
    },
    resume: (callId, events) => legs.resume(callId, events),
  };
}
