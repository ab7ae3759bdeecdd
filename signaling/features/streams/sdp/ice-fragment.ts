import { CanopyError } from '../../../../base/index.ts';
import { parsed } from './offer.ts';

/** What a PATCH says about the client's ICE (RFC 8840 §9). */
export interface IceFragment {
  usernameFragment: string;
}

/**
 * Reads the body of a PATCH. The candidates in it are of no use: an ICE-lite server answers the checks that arrive.
 *
 * @throws {CanopyError} SDP_INVALID
 */
export function readIceFragment(text: string): IceFragment {
  const { media, ...session } = parsed(text);
  const ufrags = [session.iceUfrag, ...media.map(({ iceUfrag }) => iceUfrag)].filter(
    (ufrag) => ufrag !== undefined,
  );
  const [usernameFragment] = new Set(ufrags.map(String));
  const hasPassword = session.icePwd !== undefined || media.some(({ icePwd }) => icePwd !== undefined);
  if (usernameFragment === undefined || new Set(ufrags.map(String)).size > 1 || !hasPassword) {
    throw new CanopyError('SDP_INVALID', 'a=ice-ufrag and a=ice-pwd');
  }
  return { usernameFragment };
}
