import type { ChatMessage } from '../../../sdk/index.ts';

/** Messages of one person within a minute. */
export interface MessageGroup {
  kind: 'group';
  author: ChatMessage['author'];
  sentAtMs: number;
  messages: readonly ChatMessage[];
}

/** What the list of messages shows, from top to bottom. */
export type ChatItem = { kind: 'day'; timeMs: number } | { kind: 'new' } | MessageGroup;

/**
 * Arranges messages by day, author and minute.
 *
 * @param newAfter `seq` after which the line “New” is drawn; undefined: nowhere
 */
export function chatItems(messages: readonly ChatMessage[], newAfter: number | undefined): ChatItem[] {
  const items: ChatItem[] = [];
  let day = '';
  let group: { author: ChatMessage['author']; sentAtMs: number; messages: ChatMessage[] } | undefined;
  let isNewDrawn = newAfter === undefined;
  for (const message of messages) {
    const date = new Date(message.sentAtMs).toDateString();
    if (date !== day) {
      day = date;
      group = undefined;
      items.push({ kind: 'day', timeMs: message.sentAtMs });
    }
    if (!isNewDrawn && message.seq > (newAfter ?? 0)) {
      isNewDrawn = true;
      group = undefined;
      items.push({ kind: 'new' });
    }
    if (group && belongs(message, group)) {
      group.messages.push(message);
    } else {
      group = { author: message.author, sentAtMs: message.sentAtMs, messages: [message] };
      items.push({ kind: 'group', ...group });
    }
  }
  return items;
}

function belongs({ author, sentAtMs }: ChatMessage, group: Omit<MessageGroup, 'kind'>): boolean {
  return (
    author !== null &&
    author.accountId === group.author?.accountId &&
    author.displayName === group.author.displayName &&
    Math.floor(sentAtMs / 60_000) === Math.floor(group.sentAtMs / 60_000)
  );
}
