import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { CanopyError } from '../../base/index.ts';

/** A file in an export. */
export interface ExportEntry {
  /** With `/` between folders. */
  path: string;
  content: AsyncIterable<string | Uint8Array>;
  /** Whether it is worth compressing. Default true. */
  isCompressible?: boolean;
}

type Source = (id: string) => AsyncIterable<ExportEntry>;

/** How exports name someone whose account was deleted. */
export const DELETED_ACCOUNT = 'Deleted account';

/** Exports at the same time. */
const MAX_AT_ONCE = 4;

/** What can be exported of an account or a room: each feature adds its part. */
export class Exports {
  /** Who exports now: accounts, or the operator. */
  readonly #running = new Set<string>();
  readonly #account: Source[] = [];
  readonly #room: Source[] = [];

  /** Adds what a feature keeps of an account. */
  ofAccount(source: Source): void {
    this.#account.push(source);
  }

  /** Adds what a feature keeps of a room. */
  ofRoom(source: Source): void {
    this.#room.push(source);
  }

  /**
   * Everything about an account, as a ZIP file that is made while it is read.
   *
   * @param by who asks; one export at a time
   * @throws {CanopyError} RATE_LIMITED, SERVER_BUSY
   */
  account(accountId: string, by: string): Readable {
    return this.#start(by, joined(this.#account, accountId));
  }

  /** Everything about a room, in the same way. @throws {CanopyError} RATE_LIMITED, SERVER_BUSY */
  room(roomId: string, by: string): Readable {
    return this.#start(by, joined(this.#room, roomId));
  }

  #start(by: string, entries: AsyncIterable<ExportEntry>): Readable {
    if (this.#running.has(by)) {
      throw new CanopyError('RATE_LIMITED', 'one export at a time');
    }
    if (this.#running.size >= MAX_AT_ONCE) {
      throw new CanopyError('SERVER_BUSY', `at most ${MAX_AT_ONCE} exports at a time`);
    }
    this.#running.add(by);
    return zipOf(entries).once('close', () => this.#running.delete(by));
  }
}

/** Headers with which browsers save an export. */
export function exportHeaders(name: string): Record<string, string> {
  return {
    'content-type': 'application/zip',
    'content-disposition': `attachment; filename="${name}.zip"`,
    'cache-control': 'private, no-store',
  };
}

/** A JSON file of an export. */
export function jsonEntry(path: string, value: unknown): ExportEntry {
  return { path, content: Readable.from([`${JSON.stringify(value, null, 2)}\n`]) };
}

/** A JSON file of an export with a list that is written while it is read. */
export function jsonListEntry(path: string, items: AsyncIterable<unknown>): ExportEntry {
  return { path, content: jsonList(items) };
}

async function* jsonList(items: AsyncIterable<unknown>): AsyncIterable<string> {
  let before = '[\n';
  for await (const item of items) {
    yield `${before}${JSON.stringify(item)}`;
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

async function* joined(sources: readonly Source[], id: string): AsyncIterable<ExportEntry> {
  for (const source of sources) {
    yield* source(id);
  }
}

function zipOf(entries: AsyncIterable<ExportEntry>): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error) => output.destroy(error as Error));
  void (async () => {
    try {
      for await (const { path, content, isCompressible = true } of entries) {
        if (output.destroyed) {
          return;
        }
        const stream = Readable.from(content);
        // A reader that goes away must not leave files open.
        const stop = () => stream.destroy();
        output.once('close', stop);
        zip.addReadStream(stream, path, { compress: isCompressible });
        await finished(stream);
        output.off('close', stop);
      }
      zip.end();
    } catch (error) {
      output.destroy(error as Error);
    }
  })();
  return output;
}
