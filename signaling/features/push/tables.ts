/** Where a device is notified. */
export interface PushSubscriptionRow {
  device_id: string;
  account_id: string;
  endpoint: string;
  p256dh: string;
  auth: string;
}

declare module '../../store/tables.ts' {
  interface Tables {
    push_subscriptions: PushSubscriptionRow;
  }
}
