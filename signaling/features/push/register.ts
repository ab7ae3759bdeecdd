import { type Kernel, Sender, TargetGuard } from '../../kernel/index.ts';
import { PUSH_REQUESTS } from './contract.ts';
import { pushMetrics } from './metrics.ts';
import { PushChannel } from './push-channel.ts';
import { pushHandlers } from './push-handlers.ts';
import { Subscriptions } from './subscriptions.ts';
import { vapidKeys } from './vapid-keys.ts';

/** The file with the secret from which the keys for push services are derived. */
const PUSH_KEY = 'push.key';

/** Web Push: people are notified while no page of theirs is open. */
export function registerPush(kernel: Kernel): void {
  const { config, log, store, registry, authority } = kernel;
  const keys = vapidKeys(kernel.secret(PUSH_KEY));
  const guard = new TargetGuard(config.outbound);
  const subscriptions = new Subscriptions(store);
  const channel = new PushChannel({
    subscriptions,
    sender: new Sender(guard),
    keys,
    contact: () => contactOf(kernel.publicUrl),
    isAdmitted: (deviceId, accountId) => !authority.revocation.isRevoked(deviceId, accountId),
    log,
  });
  kernel.away.add(channel);
  kernel.requests(PUSH_REQUESTS, pushHandlers({ subscriptions, guard, publicKey: keys.publicKey }));
  pushMetrics(registry, { channel, subscriptions });
  kernel.starting.add(() => subscriptions.load());
  kernel.closing.add(() => channel.close());
  kernel.accountRevoked.add((accountId) => subscriptions.removeAccount(accountId));
  kernel.accountDeleting.add((accountId) => subscriptions.removeAccount(accountId));
}

/** Push services take no http: address. A server that has only such a one is tried out on its own machine. */
function contactOf(publicUrl: string): string {
  return publicUrl.startsWith('https:') ? publicUrl : 'mailto:postmaster@localhost';
}
