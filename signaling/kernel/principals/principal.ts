import type { Role } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';

/** What every principal with a certificate has. */
interface Certified {
  readonly device: VerifiedDevice;
  readonly accountId: string;
  /** The name in its certificate. */
  readonly displayName: string;
  /** As presented, DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** The web origin that the client dialled, as it signed. */
  readonly origin: string;
}

/** A person on one of their devices. */
export interface DevicePrincipal extends Certified {
  readonly kind: 'device';
  /** What the person may do on this server. Changes while they are connected. */
  role: PersonRole;
}

/** A program that hosts participants of other networks. */
export interface BridgePrincipal extends Certified {
  readonly kind: 'bridge';
  /** Whether it is the data folder's own phone gateway. */
  readonly isGateway: boolean;
}

/** A phone in a room. It has no connection of its own: a bridge speaks for it. */
export interface PhonePrincipal {
  readonly kind: 'phone';
}

/** A secret that is presented over HTTP. */
export interface TokenPrincipal {
  readonly kind: 'token';
  /** What the secret is called in the log. */
  readonly name: string;
}

/** Roles that people have on the server; a bridge is not a person and keeps its role. */
export type PersonRole = Exclude<Role, 'bridge'>;

/** Who may prove themselves on a socket, and take seats in rooms. */
export type PeerPrincipal = DevicePrincipal | BridgePrincipal;

/** Whoever asks for something. What they may do is the policy's to say. */
export type Principal = PeerPrincipal | PhonePrincipal | TokenPrincipal;

/** Every hosted participant. */
export const PHONE: PhonePrincipal = { kind: 'phone' };

/** The operator, who has the API key. */
export const OPERATOR: TokenPrincipal = { kind: 'token', name: 'api.key' };

/** The principal of a device whose account has this role. */
export function peerPrincipal(
  certified: Omit<Certified, 'accountId' | 'displayName'>,
  { role, isGateway }: { role: Role; isGateway: boolean },
): PeerPrincipal {
  const { accountId, displayName } = certified.device;
  const common = { ...certified, accountId, displayName };
  return role === 'bridge' ? { ...common, kind: 'bridge', isGateway } : { ...common, kind: 'device', role };
}

/** The role on the server, as the protocol names it. */
export function serverRoleOf(principal: PeerPrincipal): Role {
  return principal.kind === 'bridge' ? 'bridge' : principal.role;
}

/** Gives a person another role on the server. A bridge keeps its own. */
export function changeServerRole(principal: PeerPrincipal, role: Role): void {
  if (principal.kind === 'device' && role !== 'bridge') {
    principal.role = role;
  }
}
