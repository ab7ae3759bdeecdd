import { sha256 } from '../../bytes.ts';
import { digitGroups } from '../../digit-groups.ts';

const GROUPS = 6;

/**
 * The code that everyone in an encrypted room sees, and compares aloud: six groups of five digits (digitGroups()), made of the SHA-256 of
 * `canopy/room-code/1`, a line feed and the epoch authenticator (RFC 9420 section 8.7). It changes with each epoch: whenever somebody comes
 * or goes.
 */
export async function roomCode(epochAuthenticator: Uint8Array): Promise<string[]> {
  const label = new TextEncoder().encode('canopy/room-code/1\n');
  return digitGroups(await sha256(new Uint8Array([...label, ...epochAuthenticator])), GROUPS);
}
