export interface Invitation {
  secret: string;
  /** SHA-256 of the deployment CA's DER, base64url: what the link's maker vouches for. */
  caFingerprint?: string;
}

/**
 * Reads an invitation link or its fragment, `#/invite/SECRET.CAFINGERPRINT`. The secret stands in the fragment so that it reaches
 * no server log. Undefined when it is none.
 */
export function parseInvitation(link: string): Invitation | undefined {
  const match = /#\/invite\/([A-Za-z0-9_-]{1,64})(?:\.([A-Za-z0-9_-]{43}))?$/.exec(link);
  if (!match?.[1]) return undefined;
  return { secret: match[1], ...(match[2] && { caFingerprint: match[2] }) };
}
