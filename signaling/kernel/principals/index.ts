/** Who makes a request: a person's device, a bridge, a phone that a bridge hosts, or a token. */
export {
  type AccountHolder,
  type BridgePrincipal,
  changeServerRole,
  type DevicePrincipal,
  holderOf,
  NEWCOMER,
  type NewcomerPrincipal,
  OPERATOR,
  type PeerPrincipal,
  type PersonRole,
  PHONE,
  type PhonePrincipal,
  type Principal,
  peerPrincipal,
  serverRoleOf,
  type TokenPrincipal,
} from './principal.ts';
