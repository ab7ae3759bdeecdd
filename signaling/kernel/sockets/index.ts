export { type Auditor, Dispatcher, type Handler, type Handlers, type RequestOptions } from './dispatcher.ts';
export { requirePrincipal, requireRight, requireRightFor, requireSeat, seatIn } from './require.ts';
export type { Session } from './session.ts';
export { SocketGateway } from './socket-gateway.ts';
export { TokenBucket } from './token-bucket.ts';
