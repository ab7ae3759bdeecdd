import { wordsOf } from '../../../contract/words/index.ts';
import type { ChatMessage, SealedReaction } from './contract.ts';
import type { ChatFile } from './files/index.ts';
import type { ChatMessageRow } from './tables.ts';

/** What a message counts for beside its text, in bytes. */
const OVERHEAD_BYTES = 200;

/** What a message with this text and these mentions counts for, in bytes; the files themselves are counted apart. */
export function sizeOf(text: string, mentions: readonly string[], files: readonly ChatFile[] = []): number {
  const described = files.length > 0 ? Buffer.byteLength(JSON.stringify(files)) : 0;
  // The text is kept twice: as written, and as words for the search.
  return OVERHEAD_BYTES + 2 * Buffer.byteLength(text) + mentions.length * 64 + described;
}

/** What the sealed parts of a message count for, in bytes. */
export function sealedSizeOf(
  sealed: string | null | undefined,
  reactions: readonly SealedReaction[] = [],
): number {
  return (sealed?.length ?? 0) + reactions.reduce((sum, each) => sum + 64 + each.sealed.length, 0);
}

/** The words under which a message is found: those of its text and of the names of its files. */
export function searchWords(text: string, files: readonly ChatFile[]): string {
  return wordsOf([text, ...files.map(({ name }) => name)].join('\n')).join(' ');
}

export function filesOf({ files }: Pick<ChatMessageRow, 'files'>): ChatFile[] {
  return JSON.parse(files);
}

export function sealedReactionsOf({
  sealed_reactions,
}: Pick<ChatMessageRow, 'sealed_reactions'>): SealedReaction[] {
  return JSON.parse(sealed_reactions);
}

export function messageOf(row: ChatMessageRow): ChatMessage {
  const { account_id, participant_id, display_name, certified_name } = row;
  return {
    seq: row.seq,
    rev: row.rev,
    id: row.client_id,
    author:
      account_id === null || participant_id === null || display_name === null
        ? null
        : {
            accountId: account_id,
            participantId: participant_id,
            displayName: display_name,
            ...(certified_name !== null && { certifiedName: certified_name }),
          },
    sentAtMs: row.sent_at_ms,
    text: row.text,
    mentions: JSON.parse(row.mentions),
    reactions: JSON.parse(row.reactions),
    ...(row.files !== '[]' && { files: filesOf(row) }),
    ...(row.reply_to !== null && { replyTo: row.reply_to }),
    ...(row.edited_at_ms !== null && { editedAtMs: row.edited_at_ms }),
    ...(row.gone !== null && { gone: row.gone }),
    ...(row.sealed !== null && { sealed: row.sealed }),
    ...(row.sealed_reactions !== '[]' && { sealedReactions: sealedReactionsOf(row) }),
  };
}

/** Reactions after an account has put an emoji on, or taken it off. */
export function withReaction(
  reactions: ChatMessage['reactions'],
  accountId: string,
  emoji: string,
  on: boolean,
): ChatMessage['reactions'] {
  if (on && !reactions.some((each) => each.emoji === emoji)) {
    return [...reactions, { emoji, accountIds: [accountId] }];
  }
  return reactions
    .map((each) => {
      const others = each.accountIds.filter((id) => id !== accountId);
      return each.emoji === emoji ? { ...each, accountIds: on ? [...others, accountId] : others } : each;
    })
    .filter(({ accountIds }) => accountIds.length > 0);
}

/**
 * The mentions and reactions of a message with an account replaced, or without it (`to`: undefined). Sealed reactions are those of the
 * account that signed them, and go with it.
 */
export function renamed(
  row: Pick<ChatMessageRow, 'mentions' | 'reactions' | 'sealed_reactions'>,
  from: string,
  to: string | undefined,
): Pick<ChatMessageRow, 'mentions' | 'reactions' | 'sealed_reactions'> {
  const { mentions, reactions } = row;
  const rename = (accountIds: string[]) => [
    ...new Set(accountIds.flatMap((id) => (id === from ? (to ?? []) : id))),
  ];
  const remaining = (JSON.parse(reactions) as ChatMessage['reactions'])
    .map((each) => ({ ...each, accountIds: rename(each.accountIds) }))
    .filter(({ accountIds }) => accountIds.length > 0);
  return {
    mentions: JSON.stringify(rename(JSON.parse(mentions))),
    reactions: JSON.stringify(remaining),
    sealed_reactions: JSON.stringify(sealedReactionsOf(row).filter(({ accountId }) => accountId !== from)),
  };
}
