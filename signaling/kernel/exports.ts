import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ZipFile } from 'yazl';
import { NestedBudget } from './budgets/index.ts';

/** A file in an export. */
export interface ExportEntry {
  /** With `/` between folders. */
  path: string;
  content: AsyncIterable<string | Uint8Array>;
  /** Whether it is worth compressing. Default true. */
  isCompressible?: boolean;
}

/** Who exports: the operator, or an account from a network. */
type Exporter = 'operator' | { account: string; address: string };

type Source = (id: string) => AsyncIterable<ExportEntry>;

/** How exports name someone whose account was deleted. */
export const DELETED_ACCOUNT = 'Deleted account';

/** How long a reader may take nothing, and how long an export may take in all, in milliseconds. */
const STALLED_MS = 60_000;
const MAX_MS = 3_600_000;

/** What can be exported of an account or a room: each feature adds its part. */
export class Exports {
  /** Exports at the same time. Nobody keeps the operator from theirs. */
  readonly #operators = new NestedBudget({
    what: 'exports of the operator at a time',
    limits: { server: 2 },
  });
  readonly #peoples = new NestedBudget({
    what: 'exports at a time',
    code: 'RATE_LIMITED',
    limits: { account: 1, address: 2, server: 4 },
  });
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

  /** Everything about an account, as a ZIP file that is made while it is read. @throws {CanopyError} RATE_LIMITED, SERVER_BUSY */
  account(accountId: string, by: Exporter): Readable {
    return this.#start(by, joined(this.#account, accountId));
  }

  /** Everything about a room, in the same way. @throws {CanopyError} RATE_LIMITED, SERVER_BUSY */
  room(roomId: string, by: Exporter): Readable {
    return this.#start(by, joined(this.#room, roomId));
  }

  #start(by: Exporter, entries: AsyncIterable<ExportEntry>): Readable {
    const release = by === 'operator' ? this.#operators.take({}) : this.#peoples.take(by);
    return zipOf(entries).once('close', release);
  }
}

/** Sends an export, which browsers save under this name. Whoever does not read it is soon disconnected: others wait for its place. */
export function sendExport(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  name: string,
  zip: Readable,
): FastifyReply {
  const { socket } = raw;
  // The HTTP server then closes the connection.
  socket.setTimeout(STALLED_MS);
  const timer = setTimeout(() => socket.destroy(), MAX_MS).unref();
  zip.once('close', () => clearTimeout(timer));
  return reply
    .headers({
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${name}.zip"`,
      'cache-control': 'private, no-store',
    })
    .send(zip);
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

/** A ZIP file with these entries, made while it is read. */
export function zipOf(entries: AsyncIterable<ExportEntry>): Readable {
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
