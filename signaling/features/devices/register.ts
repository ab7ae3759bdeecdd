import { type Kernel, StrangerRate } from '../../kernel/index.ts';
import { DEVICE_REQUESTS } from './contract.ts';
import { DeviceExchanges } from './device-exchanges.ts';
import { deviceHandlers } from './device-handlers.ts';

/** The devices of one's own account: adding one by a code, listing, naming, revoking and renewing them. */
export function registerDevices(kernel: Kernel): void {
  const { config, log } = kernel;
  const exchanges = new DeviceExchanges({ log, graceMs: config.limits.resumeSeconds * 1000 });
  kernel.requests(DEVICE_REQUESTS, deviceHandlers(kernel, { exchanges, strangers: new StrangerRate() }), {
    audited: ['device.answer', 'device.revoke', 'device.renew'],
    anonymous: ['device.request', 'device.confirm', 'device.cancel'],
    // A retry after a reconnect must wait on the new connection.
    perConnection: ['device.offer', 'device.request', 'device.confirm', 'device.cancel'],
  });
  kernel.accountRevoked.add((accountId) => exchanges.forget(accountId));
  kernel.closing.add(() => exchanges.close());
}
