export { WEBHOOK_EVENTS } from './events.ts';
export { webhookMetrics } from './metrics.ts';
export { WEBHOOK_MIGRATIONS } from './migrations.ts';
export { registerWebhooks } from './register.ts';
export { createdWebhook, pingResult, type WebhookInfo, webhookList } from './rest.ts';
