import { type Bytes, sha256, toBase64 } from '../../bytes.ts';

/** What stands for all pieces of a file in its message: SHA-256 over their hashes, base64. */
export async function hashOfPieces(hashes: readonly Bytes[]): Promise<string> {
  return toBase64(await sha256(new Uint8Array(await new Blob([...hashes]).arrayBuffer())));
}
