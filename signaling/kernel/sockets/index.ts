export { Dispatcher, type Handler, type Handlers, type RequestOptions } from './dispatcher.ts';
export { SocketGateway } from './gateway.ts';
export { requirePrincipal, requireRight, requireSeat } from './require.ts';
export type { Session } from './session.ts';
export { TokenBucket } from './token-bucket.ts';
