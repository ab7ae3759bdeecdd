import type { OpenedLink } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { readCertificate } from './certificate.ts';
import { callApi, isPinned, type ServerOptions, serverInfo } from './enrol.ts';

/** A link to a room that any number of people can use. */
export interface RoomLinkSecret {
  secret: string;
  /** SHA-256 of the deployment CA's DER, base64url. Whoever created the link vouches for it. */
  caFingerprint: string;
}

/**
 * Parses a room link or its fragment, `#/join/SECRET.CAFINGERPRINT`. Undefined if the text is not a room link or is truncated: without the
 * whole fingerprint, the server could not be verified.
 */
export function parseRoomLink(link: string): RoomLinkSecret | undefined {
  const [, secret, caFingerprint] = /#\/join\/([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})$/.exec(link) ?? [];
  return secret === undefined || caFingerprint === undefined ? undefined : { secret, caFingerprint };
}

/**
 * Asks where a room link leads and who made it, after checking that the server is the one in the link.
 *
 * @throws {CanopyError} INVITE_MISMATCH, ORIGIN_NOT_ALLOWED, LINK_UNKNOWN, LINK_EXPIRED, LINK_WITHDRAWN, RATE_LIMITED, CONNECTION_LOST
 */
export async function openRoomLink(options: ServerOptions & { link: RoomLinkSecret }): Promise<OpenedLink> {
  const { secret, caFingerprint } = options.link;
  const info = await serverInfo(options);
  if (!(await isPinned(readCertificate(info.deploymentCa), caFingerprint))) {
    throw new CanopyError('INVITE_MISMATCH', 'its CA is not the one in the link');
  }
  return callApi<OpenedLink>(options, '/api/links/open', { secret });
}
