import { toHex } from '../x509/index.ts';

/** Signatures of media that browsers may show by themselves: none of these formats can run code. */
const SIGNATURES: ReadonlyArray<{ type: string; at: number; bytes: string }> = [
  { type: 'image/png', at: 0, bytes: '89504e470d0a1a0a' },
  { type: 'image/jpeg', at: 0, bytes: 'ffd8ff' },
  { type: 'image/gif', at: 0, bytes: '474946383761' },
  { type: 'image/gif', at: 0, bytes: '474946383961' },
  { type: 'image/webp', at: 8, bytes: '57454250' },
  { type: 'audio/wav', at: 8, bytes: '57415645' },
  { type: 'image/avif', at: 4, bytes: '6674797061766966' },
  { type: 'video/mp4', at: 4, bytes: '66747970' },
  { type: 'video/webm', at: 0, bytes: '1a45dfa3' },
  { type: 'audio/ogg', at: 0, bytes: '4f676753' },
  { type: 'audio/flac', at: 0, bytes: '664c6143' },
  { type: 'audio/mpeg', at: 0, bytes: '494433' },
];

/** The type of a picture, sound or video, by its first bytes; undefined for everything else, which browsers only save. */
export function shownType(start: Uint8Array): string | undefined {
  return SIGNATURES.find(({ at, bytes }) => toHex(start.subarray(at, at + bytes.length / 2)) === bytes)?.type;
}
