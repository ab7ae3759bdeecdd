export { Dispatcher, type Handler, type Handlers } from './dispatcher.ts';
export { SocketGateway } from './gateway.ts';
export type { Principal, Session } from './session.ts';
export { TokenBucket } from './token-bucket.ts';
