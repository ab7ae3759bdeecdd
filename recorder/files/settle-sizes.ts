import { type FileHandle, open } from 'node:fs/promises';

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
/** Longest id and size of an element, in bytes (RFC 8794 §4, §5). */
const HEAD_BYTES = 12;

interface Element {
  id: number;
  /** Where its size is written, and in how many bytes. */
  sizeAt: number;
  sizeBytes: number;
  /** Where its content begins. */
  start: number;
  /** Undefined: unknown. */
  size: number | undefined;
}

/**
 * Writes the sizes that a crashed process left unknown into a Matroska file (RFC 9559), and cuts off a block that was not written to its end.
 *
 * @throws Error with an errno code
 */
export async function settleSizes(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size: length } = await file.stat();
    const segment = await findSegment(file, length);
    if (segment !== undefined) {
      const end = await settle(file, segment.start, length);
      await file.truncate(end);
      if (segment.size === undefined) {
        await writeSize(file, segment, end - segment.start);
      }
    }
  } finally {
    await file.close();
  }
}

async function findSegment(file: FileHandle, length: number): Promise<Element | undefined> {
  for (let at = 0; ; ) {
    const element = await readElement(file, at, length);
    if (element === undefined || element.id === SEGMENT) {
      return element;
    }
    if (element.size === undefined) {
      return undefined;
    }
    at = element.start + element.size;
  }
}

/** Settles a segment's clusters. @returns where its last complete element ends */
async function settle(file: FileHandle, start: number, length: number): Promise<number> {
  let at = start;
  for (;;) {
    const element = await readElement(file, at, length);
    if (element === undefined) {
      return at;
    }
    let { size } = element;
    if (size === undefined) {
      if (element.id !== CLUSTER) {
        return at;
      }
      size = (await endOfCluster(file, element.start, length)) - element.start;
      await writeSize(file, element, size);
    }
    if (element.start + size > length) {
      return at;
    }
    at = element.start + size;
  }
}

/** Where the last complete element of a cluster ends. */
async function endOfCluster(file: FileHandle, start: number, length: number): Promise<number> {
  for (let at = start; ; ) {
    const child = await readElement(file, at, length);
    if (child?.size === undefined || child.id === CLUSTER || child.start + child.size > length) {
      return at;
    }
    at = child.start + child.size;
  }
}

/** Reads an element's id and size; undefined: there is none. */
async function readElement(file: FileHandle, at: number, length: number): Promise<Element | undefined> {
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, Math.min(HEAD_BYTES, Math.max(0, length - at)), at);
  const idBytes = Math.clz32(head[0] as number) - 23;
  const sizeBytes = Math.clz32(head[idBytes] ?? 0) - 23;
  if (idBytes > 4 || sizeBytes > 8 || idBytes + sizeBytes > bytesRead) {
    return undefined;
  }
  const coded = head.subarray(idBytes, idBytes + sizeBytes);
  const marker = 0x80 >> (sizeBytes - 1);
  const isUnknown = coded.every((byte, index) => byte === (index === 0 ? marker | (marker - 1) : 0xff));
  let size = (coded[0] as number) & (marker - 1);
  for (const byte of coded.subarray(1)) {
    size = size * 256 + byte;
  }
  return {
    id: head.readUIntBE(0, idBytes),
    sizeAt: at + idBytes,
    sizeBytes,
    start: at + idBytes + sizeBytes,
    size: isUnknown ? undefined : size,
  };
}

async function writeSize(file: FileHandle, { sizeAt, sizeBytes }: Element, size: number): Promise<void> {
  const coded = Buffer.alloc(sizeBytes);
  coded.writeUIntBE(size, Math.max(0, sizeBytes - 6), Math.min(6, sizeBytes));
  coded[0] = (coded[0] as number) | (0x80 >> (sizeBytes - 1));
  await file.write(coded, 0, sizeBytes, sizeAt);
}
