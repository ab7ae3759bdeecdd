import { positionOf } from '../../../../contract/index.ts';
import {
  type ExportEntry,
  jsonListEntry,
  type Kernel,
  type RoomRecord,
  type Visitor,
} from '../../../kernel/index.ts';
import type { RecordedMessage } from '../contract.ts';
import type { RecordingRow } from '../tables.ts';
import type { Library } from './library.ts';

/** Someone who may see the recordings of a room. */
interface Reader {
  principal: Visitor;
  room: RoomRecord;
}

/**
 * What was written in the chat during a recording. It is read from the chat whenever somebody asks: so its rules decide who may read which
 * messages, and a message that was deleted or has expired is gone here too.
 */
export class RecordedChat {
  readonly #kernel: Pick<Kernel, 'chatDuring'>;
  readonly #library: Library;

  constructor(kernel: Pick<Kernel, 'chatDuring'>, library: Library) {
    this.#kernel = kernel;
    this.#library = library;
  }

  /** A page. @param after `next` of the page before; 0: from the beginning */
  async page(
    { principal, room }: Reader,
    row: RecordingRow,
    after: number,
  ): Promise<{ messages: RecordedMessage[]; next: number | null }> {
    const manifest = await this.#library.manifest(row.recording_id);
    if (!manifest) {
      return { messages: [], next: null };
    }
    const toMs = row.ended_at_ms === null ? Date.now() : Number(row.ended_at_ms);
    const span = { fromMs: manifest.startedAtMs, toMs, after };
    const { messages, more } = await this.#kernel.chatDuring(principal, room, span);
    return {
      messages: messages.flatMap(({ sentAtMs, ...message }) => {
        const atMs = positionOf(manifest, sentAtMs);
        return atMs === undefined ? [] : [{ ...message, atMs }];
      }),
      next: more ? (messages.at(-1)?.seq ?? null) : null,
    };
  }

  /** All of it as a file. */
  entry(reader: Reader, row: RecordingRow): ExportEntry {
    return jsonListEntry('chat.json', this.#all(reader, row));
  }

  async *#all(reader: Reader, row: RecordingRow): AsyncIterable<RecordedMessage> {
    for (let after: number | null = 0; after !== null; ) {
      const page: { messages: RecordedMessage[]; next: number | null } = await this.page(reader, row, after);
      yield* page.messages;
      after = page.next;
    }
  }
}
