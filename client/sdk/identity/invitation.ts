export interface Invitation {
  secret: string;
  /** SHA-256 of the deployment CA's DER, base64url. Whoever created the link vouches for it. */
  caFingerprint: string;
}

/**
 * Parses an invitation link or its fragment, `#/invite/SECRET.CAFINGERPRINT`. The secret is in the fragment so that it never appears in
 * server logs. Undefined if the text is not an invitation or is truncated: without the whole fingerprint, the server could not be verified.
 */
export function parseInvitation(link: string): Invitation | undefined {
  const [, secret, caFingerprint] = /#\/invite\/([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})$/.exec(link) ?? [];
  return secret === undefined || caFingerprint === undefined ? undefined : { secret, caFingerprint };
}
