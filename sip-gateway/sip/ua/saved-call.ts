import type { SavedDialog } from '../dialog/index.ts';
import type { CallerIdentity } from './admissions.ts';
import type { OwnContact } from './call-types.ts';
import type { FollowedPhone } from './registrar.ts';
import type { SavedInvite } from './saved-invite.ts';
import type { SessionTerms } from './session-timer.ts';

/** An answered call as plain data, from which a later process continues it. */
export interface SavedCall {
  readonly direction: 'incoming' | 'outgoing';
  readonly identity: CallerIdentity;
  /** The other party and we, as in From and To. */
  readonly remote: string;
  readonly local: string;
  readonly dialog: SavedDialog;
  /** The current session. */
  readonly localSdp: string | undefined;
  readonly remoteSdp: string | undefined;
  readonly contact: OwnContact;
  readonly supportsUpdate: boolean;
  readonly wasReferred: boolean;
  /** The agreed session timer. */
  readonly terms: SessionTerms | undefined;
  /** Where the peer was last heard. */
  readonly place: SavedPlace;
}

/** An INVITE that was received, from which a later process continues the call. */
export interface SavedIncomingInvite extends SavedInvite {
  readonly identity: CallerIdentity;
  readonly hasReturnPath: boolean;
  /** Our tag in the responses. */
  readonly localTag: string;
  /** The last sequence number of a reliable response (RFC 3262). */
  readonly sequence: number;
}

export interface SavedPlace {
  readonly protocol: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
  /** Our host and port on that flow. */
  readonly advertised: { readonly host: string; readonly port: number };
  readonly direct: boolean;
  /** The peer's registration here, if it is such a phone. */
  readonly phone: ReturnType<FollowedPhone['save']> | undefined;
}
