import type { ContentKind } from '../../contract/content/index.ts';
import type { Peer, Room } from './rooms/index.ts';

/**
 * Refuses content (an envelope, base64) that is not of this kind, or was not sealed by this peer’s device in a recent epoch of the room’s group:
 * every member would take it for a forgery.
 *
 * @throws {CanopyError} ENCRYPTION_INVALID; ENCRYPTION_STALE - its epoch is over, or the server knows nothing of it: it has to be sealed again
 */
export type RequireSealed = (place: { room: Room; peer: Peer }, sealed: string, kind: ContentKind) => void;
