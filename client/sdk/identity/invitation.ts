export interface Invitation {
  secret: string;
  /** SHA-256 of the deployment CA's DER, base64url: vouched for by the link's maker. */
  caFingerprint: string;
}

/**
 * Reads an invitation link or its fragment, `#/invite/SECRET.CAFINGERPRINT`. The secret stands in the fragment so that it reaches
 * no server log. Undefined if it is not one or is cut off: without the whole fingerprint it vouches for no server.
 */
export function parseInvitation(link: string): Invitation | undefined {
  const [, secret, caFingerprint] = /#\/invite\/([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})$/.exec(link) ?? [];
  return secret === undefined || caFingerprint === undefined ? undefined : { secret, caFingerprint };
}
