import { type FileHandle, open } from 'node:fs/promises';

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
/** What a segment consists of: SeekHead, Info, Tracks, Cluster, Cues, Attachments, Chapters, Tags, Void, CRC-32 (RFC 9559 §5.1). */
const IN_SEGMENT = new Set([
  ...[0x114d9b74, 0x1549a966, 0x1654ae6b, CLUSTER, 0x1c53bb6b, 0x1941a469, 0x1043a770, 0x1254c367],
  ...[0xec, 0xbf],
]);
/** What a cluster consists of: Timestamp, SimpleBlock, BlockGroup, Position, PrevSize, Void, CRC-32. */
const IN_CLUSTER = new Set([0xe7, SIMPLE_BLOCK, BLOCK_GROUP, 0xa7, 0xab, 0xec, 0xbf]);
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
 * @returns how many complete blocks it holds
 * @throws Error with an errno code; without: the file is damaged before its end, and keeps all that it held
 */
export async function settleSizes(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    const { size: length } = await file.stat();
    const segment = await findSegment(file, length);
    if (segment === undefined) {
      return 0;
    }
    const { end, blocks } = await settle(file, segment.start, length);
    await file.truncate(end);
    if (segment.size === undefined) {
      await writeSize(file, segment, end - segment.start);
    }
    return blocks;
  } finally {
    await file.close();
  }
}

async function findSegment(file: FileHandle, length: number): Promise<Element | undefined> {
  for (let at = 0; ; ) {
    const element = await readElement(file, at, length);
    if (element?.id === SEGMENT) {
      return element;
    }
    if (element?.size === undefined) {
      await demandNothing(file, at, length);
      return undefined;
    }
    at = element.start + element.size;
  }
}

/**
 * Settles a segment's clusters. @returns where its last complete element ends, and how many blocks it holds up to there
 * @throws Error the file is damaged
 */
async function settle(
  file: FileHandle,
  start: number,
  length: number,
): Promise<{ end: number; blocks: number }> {
  let blocks = 0;
  for (let at = start; ; ) {
    const element = await readElement(file, at, length);
    if (element === undefined || !IN_SEGMENT.has(element.id)) {
      await demandNothing(file, at, length);
      return { end: at, blocks };
    }
    let { size } = element;
    if (element.id === CLUSTER) {
      const cluster = await readCluster(file, element, length);
      blocks += cluster.blocks;
      if (size === undefined || element.start + size > length) {
        size = cluster.end - element.start;
        await writeSize(file, element, size);
        if (cluster.isCut) {
          return { end: cluster.end, blocks };
        }
      }
    }
    if (size === undefined || element.start + size > length) {
      return { end: at, blocks };
    }
    at = element.start + size;
  }
}

/**
 * What follows the last element must be the beginning of another one, or zeros, with which a file system may fill what it lost.
 *
 * @throws Error the file is damaged
 */
async function demandNothing(file: FileHandle, from: number, length: number): Promise<void> {
  const block = Buffer.alloc(65_536);
  for (let at = from; length - from > HEAD_BYTES && at < length; ) {
    const { bytesRead } = await file.read(block, 0, Math.min(block.length, length - at), at);
    if (bytesRead === 0 || block.subarray(0, bytesRead).some((byte) => byte !== 0)) {
      throw new Error(`the file is damaged at ${at}`);
    }
    at += bytesRead;
  }
}

/** Where the last complete element of a cluster ends, how many blocks it holds, and whether the file ends within the next element. */
async function readCluster(
  file: FileHandle,
  { start, size }: Element,
  length: number,
): Promise<{ end: number; blocks: number; isCut: boolean }> {
  const limit = size === undefined ? length : Math.min(length, start + size);
  let blocks = 0;
  for (let at = start; ; ) {
    const child = await readElement(file, at, limit);
    if (child?.size === undefined || !IN_CLUSTER.has(child.id) || child.start + child.size > limit) {
      return { end: at, blocks, isCut: child?.size !== undefined && IN_CLUSTER.has(child.id) };
    }
    blocks += child.id === SIMPLE_BLOCK || child.id === BLOCK_GROUP ? 1 : 0;
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
