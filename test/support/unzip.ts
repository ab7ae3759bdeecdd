import { inflateRawSync } from 'node:zlib';

/** The files in a ZIP file, by name. */
export function unzip(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  // The central directory, from its end (APPNOTE.TXT 4.3).
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end < 0) {
    throw new Error('not a ZIP file');
  }
  let at = zip.readUInt32LE(end + 16);
  for (let n = zip.readUInt16LE(end + 10); n > 0; n -= 1) {
    const [method, size] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)];
    const [nameLength = 0, extraLength = 0, commentLength = 0] = [28, 30, 32].map((each) =>
      zip.readUInt16LE(at + each),
    );
    const name = zip.subarray(at + 46, at + 46 + nameLength).toString();
    const local = zip.readUInt32LE(at + 42);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(from, from + size);
    files.set(name, method === 0 ? bytes : inflateRawSync(bytes));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}
