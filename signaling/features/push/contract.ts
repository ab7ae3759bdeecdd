/** Web Push: devices ask to be notified while no page of theirs is open. */
import { z } from 'zod';
import { nothing } from '../../../contract/index.ts';

/** base64url without padding, of so many bytes. */
const base64url = (bytes: number) =>
  z.string().regex(new RegExp(`^[\\w-]{${Math.ceil((bytes * 4) / 3)}}$`), 'must be base64url');

export const PUSH_REQUESTS = {
  /** The key that browsers bind subscriptions to (RFC 8292), base64url. Guests cannot subscribe (FORBIDDEN): nobody calls them. */
  'push.key': { data: z.object({}), result: z.object({ publicKey: z.string() }) },
  /** Notifies this device by a browser's push service (RFC 8030). Replaces the device's earlier subscription. */
  'push.subscribe': {
    data: z.object({
      /** The push service's address for this subscription. */
      endpoint: z.string().max(1024),
      keys: z.object({
        /** The browser's public key and secret, with which messages are encrypted for it (RFC 8291). */
        p256dh: base64url(65),
        auth: base64url(16),
      }),
    }),
    result: nothing,
  },
  'push.unsubscribe': { data: z.object({}), result: nothing },
} as const;

type PushRequests = typeof PUSH_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends PushRequests {}
}
