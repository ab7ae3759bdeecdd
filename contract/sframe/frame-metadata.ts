/**
 * What is authenticated of a frame besides its header: the source, so that no screen passes for a camera, and the bytes that stay clear.
 */
export function frameMetadata(source: string, clear: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...new TextEncoder().encode(`${source}\0`), ...clear]);
}
