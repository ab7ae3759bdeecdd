import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK_BYTES = 16 * 1024 * 1024;
/** Pieces are looked up by three bytes of theirs. */
const KEY_BYTES = 3;

export interface MemorySearch {
  /** How many of the pieces are somewhere in the memory. */
  found: number;
  searchedBytes: number;
}

/**
 * Searches the memory of a process, all that it has written and can still write to, for pieces of bytes. It must be of the same user, and is
 * not stopped: what changes meanwhile may be missed.
 *
 * @param pieces in hex, all of the same length
 */
export function searchMemory(pid: number, pieces: readonly string[]): MemorySearch {
  const wanted = new PieceIndex(pieces.map((piece) => Buffer.from(piece, 'hex')));
  const found = new Set<Buffer>();
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(CHUNK_BYTES);
  let searchedBytes = 0;
  try {
    for (const { start, end } of writtenRegions(pid)) {
      for (let at = start; at < end; at += CHUNK_BYTES - wanted.pieceBytes) {
        const length = Math.min(CHUNK_BYTES, end - at);
        let read = 0;
        try {
          read = readSync(memory, buffer, 0, length, at);
        } catch {
          // Unmapped since, or of a device.
          break;
        }
        searchedBytes += read;
        wanted.search(buffer.subarray(0, read), found);
      }
    }
  } finally {
    closeSync(memory);
  }
  return { found: found.size, searchedBytes };
}

/** The regions of a process's memory that it can write to and of which something is in use. */
function writtenRegions(pid: number): Array<{ start: number; end: number }> {
  const regions: Array<{ start: number; end: number }> = [];
  let region: { start: number; end: number } | undefined;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const [, start, end, mode] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) /.exec(line) ?? [];
    if (start && end) {
      region = mode?.startsWith('rw')
        ? { start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }
        : undefined;
    } else if (region && /^Rss: +[1-9]/.test(line)) {
      regions.push(region);
    }
  }
  return regions;
}

interface Indexed {
  piece: Buffer;
  /** Where its key begins. */
  keyAt: number;
}

/** Finds any of many pieces in one pass. */
class PieceIndex {
  readonly pieceBytes: number;
  readonly #byKey = new Map<number, Indexed[]>();
  /** A bit for each possible key. */
  readonly #keys = new Uint8Array(1 << (8 * KEY_BYTES - 3));

  constructor(pieces: readonly Buffer[]) {
    this.pieceBytes = pieces[0]?.length ?? 0;
    for (const piece of pieces) {
      const keyAt = rareAt(piece);
      const key = piece.readUIntBE(keyAt, KEY_BYTES);
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), { piece, keyAt }]);
      this.#keys[key >> 3] = (this.#keys[key >> 3] as number) | (1 << (key & 7));
    }
  }

  search(bytes: Buffer, found: Set<Buffer>): void {
    const keys = this.#keys;
    let key = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      key = ((key << 8) | (bytes[at] as number)) & 0xff_ffff;
      if (((keys[key >> 3] as number) & (1 << (key & 7))) !== 0) {
        for (const { piece, keyAt } of this.#byKey.get(key) ?? []) {
          const from = at - KEY_BYTES + 1 - keyAt;
          if (from >= 0 && piece.equals(bytes.subarray(from, from + piece.length))) {
            found.add(piece);
          }
        }
      }
    }
  }
}

/** Where a piece has three different bytes that are not 0: memory is full of zeros. */
function rareAt(piece: Buffer): number {
  for (let at = 0; at + KEY_BYTES <= piece.length; at += 1) {
    const key = piece.subarray(at, at + KEY_BYTES);
    if (new Set(key).size === KEY_BYTES && !key.includes(0)) {
      return at;
    }
  }
  return 0;
}
