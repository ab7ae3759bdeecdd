/**
 * Splits a frame into as few pieces of at most `maxBytes` as possible, as libwebrtc does (`SplitAboutEqually`): their sizes differ by at
 * most a byte, and the last ones are the larger. An empty frame is one empty piece.
 */
export function splitAboutEqually(data: Buffer, maxBytes: number): Buffer[] {
  const count = Math.max(1, Math.ceil(data.length / maxBytes));
  const size = Math.floor(data.length / count);
  const smaller = count - (data.length % count);
  const start = (index: number) => index * size + Math.max(0, index - smaller);
  return Array.from({ length: count }, (_, index) => data.subarray(start(index), start(index + 1)));
}
