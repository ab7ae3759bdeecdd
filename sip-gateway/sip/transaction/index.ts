/** The four transaction state machines of RFC 3261 §17, and the layer that matches messages to them. */
export type { ClientHandlers, ClientTransaction } from './client-transaction.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export { FakeClock } from './fake-clock.ts';
export type { ServerInviteTransaction } from './server-invite-transaction.ts';
export type { ServerPlainTransaction } from './server-plain-transaction.ts';
export { DEFAULT_TIMERS, type TimerValues } from './timers.ts';
export { TransactionLayer } from './transaction-layer.ts';
