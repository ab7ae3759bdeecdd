import { type Kernel, Sender, TargetGuard } from '../../kernel/index.ts';
import { Deliveries } from './deliveries.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { EventSource } from './event-source.ts';
import { webhookMetrics } from './metrics.ts';
import { registerWebhookRoutes } from './webhook-routes.ts';
import { Webhooks } from './webhooks.ts';

/** The file with the key from which the secrets of webhooks are derived. */
const WEBHOOKS_KEY = 'webhooks.key';

/** Webhooks: what happens in rooms and on the server is reported to other servers. */
export function registerWebhooks(kernel: Kernel): void {
  const { store, log, config } = kernel;
  const key = kernel.secret(WEBHOOKS_KEY);
  const guard = new TargetGuard(config.outbound);
  const sender = new Sender(guard);
  const webhooks = new Webhooks(store);
  const queue = new DeliveryQueue(store);
  const deliveries = new Deliveries({
    webhooks,
    queue,
    send: (message) => sender.send(message),
    key,
    log,
    onDisabled: ({ webhookId, name }, reason) =>
      kernel.audit.record({
        actor: { kind: 'system', name: 'webhooks' },
        action: 'webhook.disable',
        details: { webhookId, name, reason },
      }),
  });
  new EventSource(kernel, (type, data) => deliveries.emit(type, data));
  registerWebhookRoutes(kernel, { webhooks, deliveries, queue, guard, key });
  webhookMetrics(kernel.registry, deliveries);
  kernel.starting.add(async () => {
    await webhooks.load();
    await deliveries.start();
  });
  kernel.closing.add(async () => {
    sender.close();
    await deliveries.close();
  });
}
