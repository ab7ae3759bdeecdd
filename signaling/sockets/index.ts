export { Dispatcher } from './dispatcher.ts';
export { SocketGateway } from './gateway.ts';
