import { createHmac } from 'node:crypto';

/** What the secret of an endpoint begins with (Standard Webhooks). */
const SECRET_PREFIX = 'whsec_';

/**
 * The secret of an endpoint, derived from the server's key: it is not stored. In the form of Standard Webhooks: `whsec_` and base64.
 */
export function secretOf(key: string, webhookId: string): string {
  return SECRET_PREFIX + createHmac('sha256', key).update(`webhook ${webhookId}`).digest('base64');
}

/** The headers with which the receiver verifies a message (Standard Webhooks, symmetric signatures). */
export function signedHeaders(
  secret: string,
  { messageId, body, nowMs }: { messageId: string; body: string; nowMs: number },
): Record<string, string> {
  const timestamp = Math.floor(nowMs / 1000).toString();
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'webhook-id': messageId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
