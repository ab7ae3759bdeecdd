import type { ChatStore } from './chat-store.ts';
import type { ChatMessage } from './contract.ts';

const PAGE = 100;

/** All messages of a room, oldest first, as a JSON array or as text, piece by piece. */
export async function* exported(
  store: ChatStore,
  roomId: string,
  format: 'json' | 'text',
): AsyncIterable<string> {
  let after = 0;
  let isFirst = true;
  yield format === 'json' ? '[' : '';
  for (let more = true; more; ) {
    const page = await store.page({ roomId, sinceSeq: 0 }, { after, limit: PAGE });
    more = page.more;
    for (const message of page.messages) {
      after = message.seq;
      yield format === 'json' ? `${isFirst ? '\n' : ',\n'}${JSON.stringify(message)}` : lineOf(message);
      isFirst = false;
    }
  }
  yield format === 'json' ? '\n]\n' : '';
}

/** `2027-03-01 09:30 Ann: text`, in UTC. Further lines of a message are indented, so that nobody can fake a message of others. */
function lineOf({ sentAtMs, author, text, files = [], editedAtMs, gone }: ChatMessage): string {
  const time = new Date(sentAtMs).toISOString().slice(0, 16).replace('T', ' ');
  const name = author === null ? 'Deleted account' : author.displayName;
  const certified = author?.certifiedName === undefined ? '' : ` (${author.certifiedName})`;
  const content = gone === undefined ? text.replaceAll('\n', '\n    ') : `[message ${gone}]`;
  const named = files.map((file) => `[file: ${file.name}]`);
  return `${time} ${name}${certified}: ${[content, ...named].filter((part) => part !== '').join(' ')}${editedAtMs === undefined || gone ? '' : ' [edited]'}\n`;
}
