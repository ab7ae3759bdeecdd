/** Decodes a file: UTF-8, UTF-16 with a byte order mark, or else Windows-1252, in which older programs write. */
export function decodeText(bytes: Uint8Array, charset?: string): string {
  const [first, second] = bytes;
  const utf16 =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : '';
  for (const label of [charset, utf16, 'utf-8', 'windows-1252']) {
    if (!label) {
      continue;
    }
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes);
    } catch {
      // Not in this encoding, or no encoding at all.
    }
  }
  return new TextDecoder().decode(bytes);
}
