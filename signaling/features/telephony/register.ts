import type { Kernel } from '../../kernel/index.ts';
import { Calls } from './calls.ts';
import { TELEPHONY_REQUESTS } from './contract.ts';
import { dialInOf } from './dial-in.ts';
import { gatewayHandlers } from './gateway-handlers.ts';
import { keepHistory } from './keep-history.ts';
import { PersonPhones } from './person-phones.ts';
import { registerPersonPhones } from './register-person-phones.ts';
import { SavedRegistrationStore } from './saved-registration-store.ts';
import { Telephony } from './telephony.ts';
import { registerTelephonyRoutes } from './telephony-routes.ts';
import { TelephonySettings } from './telephony-settings.ts';
import { TrunkUsages } from './trunk-usages.ts';

/** Telephony: settings of phones, the gateway's control connection, and calls requested by rooms. */
export function registerTelephony(kernel: Kernel): void {
  const { config, entry, happenings, log, rooms, store } = kernel;
  const settings = new TelephonySettings(store);
  const phones = new PersonPhones(store);
  const { historyDays: days, historyMaxCalls: maxCalls } = config.sip;
  const calls = new Calls(store, { days, maxCalls });
  const telephony = new Telephony({
    config,
    entry,
    happenings,
    log,
    rooms,
    settings,
    calls,
    usages: new TrunkUsages(store),
    phones,
    registrations: new SavedRegistrationStore(store),
  });
  kernel.requests(TELEPHONY_REQUESTS, gatewayHandlers(kernel, telephony), {
    perConnection: ['gateway.register'],
    audited: ['gateway.register', 'call.dial'],
  });
  registerTelephonyRoutes(kernel, telephony);
  kernel.callsPhones = () => config.sip.enabled || telephony.hadGateway;
  registerPersonPhones(kernel, telephony);
  kernel.dialIn = async (roomId) => dialInOf(await settings.load(), roomId);
  keepHistory(kernel, calls);
  kernel.roomDeleted.add(async ({ db, roomId, committed }) => {
    if (await settings.forgetRoom(db, roomId)) {
      committed.push(() => telephony.changed());
    }
  });
}
