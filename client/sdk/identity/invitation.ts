export interface Invitation {
  secret: string;
  /** SHA-256 of the deployment CA's DER, base64url: what the link's maker vouches for. */
  caFingerprint: string;
}

/**
 * Reads an invitation link or its fragment, `#/invite/SECRET.CAFINGERPRINT`. The secret stands in the fragment so that it reaches
 * no server log. Undefined when it is none, or only a part of one: without the whole fingerprint it vouches for no server.
 */
export function parseInvitation(link: string): Invitation | undefined {
  const [, secret, caFingerprint] = /#\/invite\/([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})$/.exec(link) ?? [];
  return secret === undefined || caFingerprint === undefined ? undefined : { secret, caFingerprint };
}
