import { type Role, SCOPES, type Scope, type StreamDirection } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';

/** What every principal with a certificate has. */
interface Certified {
  readonly device: VerifiedDevice;
  readonly accountId: string;
  /** The name in its certificate. */
  readonly displayName: string;
  /** As presented, DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** The web origin that the client connected to, as it signed. */
  readonly origin: string;
}

/** A person on one of their devices. */
export interface DevicePrincipal extends Certified {
  readonly kind: 'device';
  /** The person's role on this server. May change while they are connected. */
  role: PersonRole;
}

/** A program that hosts participants from other networks. */
export interface BridgePrincipal extends Certified {
  readonly kind: 'bridge';
  /** Whether it is the server's own phone gateway. */
  readonly isGateway: boolean;
}

/** A phone in a room. It has no connection to the server: a bridge acts for it. */
export interface PhonePrincipal {
  readonly kind: 'phone';
  /** Whether the caller gave the room's moderator PIN. */
  readonly isModerator: boolean;
}

/** Someone with a room link and no account yet. They will be a guest. */
export interface NewcomerPrincipal {
  readonly kind: 'newcomer';
}

/**
 * A program that sends into one room (WHIP) or watches it (WHEP). It acts over HTTP with a stream key of the room, and has neither a
 * certificate nor a connection.
 */
export interface StreamPrincipal {
  readonly kind: 'stream';
  readonly direction: StreamDirection;
  /** Stands for its key wherever accounts are counted, limited or kept out. No account has this id. */
  readonly accountId: string;
  /** Only one seat in a room has this id. */
  readonly deviceId: string;
  readonly displayName: string;
}

/** A secret that is presented over HTTP. */
export interface TokenPrincipal {
  readonly kind: 'token';
  /** The secret's name in the log; of a console's key, the person's. */
  readonly name: string;
  /** Null for the key from the data folder. */
  readonly tokenId: string | null;
  /** The administrator who uses the API from the page. */
  readonly person?: { readonly accountId: string; readonly deviceId: string };
  readonly scopes: ReadonlySet<Scope>;
  /** The only rooms that it reaches; null: everything. */
  readonly rooms: ReadonlySet<string> | null;
  /** Unix time in milliseconds; null: it never expires. */
  readonly expiresAtMs: number | null;
}

/** The roles of people on the server. A bridge is not a person and its role never changes. */
export type PersonRole = Exclude<Role, 'bridge'>;

/** A principal that can authenticate on a socket and take seats in rooms. */
export type PeerPrincipal = DevicePrincipal | BridgePrincipal;

/** Who enters a room or looks into it: a person, connected or not, a bridge, or a stream. */
export type Visitor =
  | Pick<DevicePrincipal, 'kind' | 'accountId' | 'role'>
  | BridgePrincipal
  | StreamPrincipal;

/** A principal that can have a seat in a room. */
export type SeatPrincipal = PeerPrincipal | StreamPrincipal;

/** Who makes a request. The policy decides what they may do. */
export type Principal = SeatPrincipal | PhonePrincipal | NewcomerPrincipal | TokenPrincipal;

/** The principal of phones. */
export const PHONE: PhonePrincipal = { kind: 'phone', isModerator: false };

/** The principal of phones that moderate their room. */
export const MODERATING_PHONE: PhonePrincipal = { kind: 'phone', isModerator: true };

/** The principal of everyone without an account. */
export const NEWCOMER: NewcomerPrincipal = { kind: 'newcomer' };

/** The operator, authenticated by the key from the data folder, with every scope. */
export const OPERATOR: TokenPrincipal = {
  kind: 'token',
  name: 'api.key',
  tokenId: null,
  scopes: new Set(Object.keys(SCOPES) as Scope[]),
  rooms: null,
  expiresAtMs: null,
};

/** The principal of a device whose account has this role. */
export function peerPrincipal(
  certified: Omit<Certified, 'accountId' | 'displayName'>,
  { role, isGateway }: { role: Role; isGateway: boolean },
): PeerPrincipal {
  const { accountId, displayName } = certified.device;
  const common = { ...certified, accountId, displayName };
  return role === 'bridge' ? { ...common, kind: 'bridge', isGateway } : { ...common, kind: 'device', role };
}

/** What the policy needs to know about an account, whether or not it is connected. */
export type AccountHolder =
  | Pick<DevicePrincipal, 'kind' | 'accountId' | 'role'>
  | Pick<BridgePrincipal, 'kind'>
  | Pick<StreamPrincipal, 'kind' | 'direction'>;

/** The holder of an account. */
export function holderOf({ account_id: accountId, role }: { account_id: string; role: Role }): AccountHolder {
  return role === 'bridge' ? { kind: 'bridge' } : { kind: 'device', accountId, role };
}

/** The role on the server, as the protocol names it. */
export function serverRoleOf(principal: SeatPrincipal): Role {
  if (principal.kind === 'stream') {
    // It has no more rights on the server than a guest.
    return 'guest';
  }
  return principal.kind === 'bridge' ? 'bridge' : principal.role;
}

/** Changes a person's role on the server. The role of a bridge never changes. */
export function changeServerRole(principal: SeatPrincipal, role: Role): void {
  if (principal.kind === 'device' && role !== 'bridge') {
    principal.role = role;
  }
}
