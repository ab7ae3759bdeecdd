/** Superframes of VP9: the frames of all spatial layers of a picture, with an index of their sizes (VP9 bitstream, annex B). */

/** Joins a picture's layer frames, lowest first. */
export function superframe(layers: readonly Buffer[]): Buffer {
  if (layers.length === 1) {
    return layers[0] as Buffer;
  }
  const marker = 0xc0 | (3 << 3) | (layers.length - 1);
  const index = Buffer.alloc(2 + 4 * layers.length);
  index[0] = marker;
  layers.forEach(({ length }, position) => {
    index.writeUInt32LE(length, 1 + 4 * position);
  });
  index[index.length - 1] = marker;
  return Buffer.concat([...layers, index]);
}

/** The layer frames of a picture, lowest first; one if there is no valid index. */
export function layersOf(data: Buffer): Buffer[] {
  const marker = data.at(-1) ?? 0;
  const count = (marker & 7) + 1;
  const sizeBytes = ((marker >> 3) & 3) + 1;
  const start = data.length - (2 + count * sizeBytes);
  if ((marker & 0xe0) !== 0xc0 || start <= 0 || data[start] !== marker) {
    return [data];
  }
  let offset = 0;
  const layers = Array.from({ length: count }, (_, position) => {
    const size = data.readUIntLE(start + 1 + position * sizeBytes, sizeBytes);
    offset += size;
    return data.subarray(offset - size, offset);
  });
  return offset === start ? layers : [data];
}
