/** Sockets: UDP, TCP and TLS listeners and connections, framing, and routing of responses. */
export type { ClientTls } from './client-tls.ts';
export {
  type Endpoint,
  type Flow,
  type FlowProtocol,
  isOverTls,
  type Protocol,
  type Target,
} from './flow.ts';
export { goneFlow } from './gone-flow.ts';
export { localAddressFor } from './local-address.ts';
export { behindNat, defaultPort } from './response-route.ts';
export {
  type ListenOptions,
  type SeenMessage,
  TransportLayer,
  type TransportOptions,
} from './transport-layer.ts';
