/** Lines with secrets, and the secrets in them, each with what precedes it. */
const SECRETS = [
  // Keys of SRTP (RFC 4568).
  [/^a=crypto:.*/gim, /(inline:)([A-Za-z0-9+/=]+)/gi],
  // Passwords of ICE (RFC 8839).
  [/^a=ice-pwd:.*/gim, /(:)(.+)/g],
  // Answers to challenges, from which a weak password can be guessed. Header fields may continue on the next line.
  [/^(?:proxy-)?authorization:.*(?:\r\n[ \t].*)*/gim, /(\bresponse[ \t]*=[ \t]*"?)([0-9a-f]+)/gi],
] as const;
const HEADER_END = '\r\n\r\n';

/**
 * A copy of a SIP message with its secrets crossed out, of the same length: the keys of encrypted audio, answers to challenges, and the
 * bodies of INFO, which may be the digits of a PIN.
 */
export function withoutSecrets(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const bodyAt = text.indexOf(HEADER_END);
  const copy = SECRETS.reduce(
    (kept, [lines, secrets]) =>
      kept.replace(lines, (line) =>
        line.replace(secrets, (_, before: string, secret: string) => before + 'x'.repeat(secret.length)),
      ),
    text,
  );
  if (!text.startsWith('INFO ') || bodyAt < 0) {
    return Buffer.from(copy, 'latin1');
  }
  const head = copy.slice(0, bodyAt + HEADER_END.length);
  return Buffer.from(head + copy.slice(head.length).replace(/[^\r\n]/g, 'x'), 'latin1');
}
