import { DELETED_ACCOUNT, type ExportEntry, jsonListEntry } from '../../kernel/index.ts';
import { messageOf } from './chat-rows.ts';
import type { ChatStore } from './chat-store.ts';
import type { ChatMessage } from './contract.ts';

const PAGE = 100;

/** All messages of a room, oldest first, as a JSON array or as text, piece by piece. What is end-to-end encrypted stays so. */
export async function* exported(
  store: ChatStore,
  roomId: string,
  format: 'json' | 'text',
): AsyncIterable<string> {
  let isFirst = true;
  yield format === 'json' ? '[' : '';
  for await (const message of messagesIn(store, roomId)) {
    yield format === 'json' ? `${isFirst ? '\n' : ',\n'}${JSON.stringify(message)}` : lineOf(message);
    isFirst = false;
  }
  yield format === 'json' ? '\n]\n' : '';
}

/** The chat of a room with its files. */
export async function* roomExport(store: ChatStore, roomId: string): AsyncIterable<ExportEntry> {
  yield { path: 'chat/messages.json', content: exported(store, roomId, 'json') };
  yield { path: 'chat/messages.txt', content: exported(store, roomId, 'text') };
  for await (const message of messagesIn(store, roomId)) {
    yield* filesIn(store, message, 'chat/files');
  }
}

/** What an account wrote, in all rooms, with its files. */
export async function* accountExport(store: ChatStore, accountId: string): AsyncIterable<ExportEntry> {
  for (const [index, roomId] of (await store.roomsOf(accountId)).entries()) {
    // Names of rooms may differ in case only, which some systems do not tell apart.
    const folder = `chats/${index + 1} ${roomId}`;
    yield jsonListEntry(`${folder}/messages.json`, ownMessages(store, roomId, accountId));
    for await (const row of rowsOf(store, roomId, accountId)) {
      yield* filesIn(store, messageOf(row), `${folder}/files`);
    }
  }
}

async function* ownMessages(store: ChatStore, roomId: string, accountId: string): AsyncIterable<ChatMessage> {
  for await (const row of rowsOf(store, roomId, accountId)) {
    yield messageOf(row);
  }
}

async function* rowsOf(store: ChatStore, roomId: string, accountId: string) {
  let after = 0;
  for (let more = true; more; ) {
    const rows = await store.messagesOf(roomId, accountId, { after, limit: PAGE });
    yield* rows;
    more = rows.length === PAGE;
    after = rows.at(-1)?.seq ?? after;
  }
}

async function* messagesIn(store: ChatStore, roomId: string): AsyncIterable<ChatMessage> {
  let after = 0;
  for (let more = true; more; ) {
    const page = await store.page({ roomId, sinceSeq: 0 }, { after, limit: PAGE });
    more = page.more;
    yield* page.messages;
    after = page.messages.at(-1)?.seq ?? after;
  }
}

async function* filesIn(
  { files }: ChatStore,
  { seq, files: described = [] }: ChatMessage,
  folder: string,
): AsyncIterable<ExportEntry> {
  for (const [index, { fileId, name, gone }] of described.entries()) {
    const row = gone ? undefined : await files.records.find(fileId);
    if (row && (await files.isReadable(row))) {
      const content = files.read(row, { from: 0, to: row.size });
      yield { path: `${folder}/${seq}-${index + 1} ${name}`, content, isCompressible: false };
    }
  }
}

/** `2027-03-01 09:30 Ann: text`, in UTC. Further lines of a message are indented, so that nobody can fake a message of others. */
function lineOf({ sentAtMs, author, text, files = [], editedAtMs, gone, sealed }: ChatMessage): string {
  const time = new Date(sentAtMs).toISOString().slice(0, 16).replace('T', ' ');
  const name = author === null ? DELETED_ACCOUNT : author.displayName;
  const certified = author?.certifiedName === undefined ? '' : ` (${author.certifiedName})`;
  const readable = sealed === undefined ? text.replaceAll('\n', '\n    ') : '[encrypted message]';
  const content = gone === undefined ? readable : `[message ${gone}]`;
  const named = files.map((file) => `[file: ${file.name}]`);
  return `${time} ${name}${certified}: ${[content, ...named].filter((part) => part !== '').join(' ')}${editedAtMs === undefined || gone ? '' : ' [edited]'}\n`;
}
