import { jsonEntry, type Kernel } from '../../kernel/index.ts';
import { phoneExchange } from './exchange.ts';
import { registerNumberRoutes } from './number-routes.ts';
import { phoneHandlers } from './phone-handlers.ts';
import { PERSON_PHONE_REQUESTS } from './phones-contract.ts';
import type { Telephony } from './telephony.ts';

/** Phones and numbers of people: whom they belong to, and how direct calls reach them. */
export function registerPersonPhones(kernel: Kernel, telephony: Telephony): void {
  const { phones } = telephony;
  kernel.requests(PERSON_PHONE_REQUESTS, phoneHandlers(kernel, telephony), {
    audited: ['phone.add', 'phone.remove'],
  });
  registerNumberRoutes(kernel, telephony);
  kernel.phoneExchange = phoneExchange(telephony);
  kernel.exports.ofAccount(async function* (accountId) {
    const [theirs, numbers] = await Promise.all([phones.of(accountId), phones.numbersOf(accountId)]);
    yield jsonEntry('phones.json', { phones: theirs, numbers });
  });
  const settle = (changed: boolean) => {
    if (changed) {
      telephony.changed();
    }
  };
  kernel.accountReplaced.add(async ({ from, to }) => settle(await phones.replaceAccount(from, to)));
  // The phones of somebody who is gone must not call any more.
  kernel.accountRevoked.add(async (accountId) => settle(await phones.forgetAccount(accountId)));
  kernel.accountDeleting.add(async (accountId) => settle(await phones.forgetAccount(accountId)));
}
