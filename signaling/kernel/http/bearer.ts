/** The secret in an Authorization header (RFC 6750, section 2.1); undefined: there is none. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}
