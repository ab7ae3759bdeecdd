import type { ChatMessage } from '../../../sdk/index.ts';

/** A piece of a message. `href` is safe to follow. */
export type TextPiece =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'mention'; text: string };

/** The only kinds of links that become clickable: never `javascript:` or `data:` (threat 46). */
const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"“”«»`]+/giu;
const PROTOCOLS: readonly string[] = ['http:', 'https:', 'mailto:'];
/** Punctuation that ends a sentence rather than an address. */
const AFTER_LINK = ".,;:!?'…";
const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Splits a message into plain text, links and mentions of these names. */
export function textPieces(text: string, names: readonly string[]): TextPiece[] {
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = withoutPunctuation(match[0]);
    const href = safeHref(shown);
    if (href !== undefined) {
      pieces.push(...mentionPieces(text.slice(at, match.index), names), { kind: 'link', text: shown, href });
      at = match.index + shown.length;
    }
  }
  return [...pieces, ...mentionPieces(text.slice(at), names)];
}

/** What a message says, in one line: its text, or else the names of its files. */
export function messageSummary({
  text,
  files = [],
}: {
  text: string;
  files?: ReadonlyArray<{ name: string }>;
}): string {
  return firstLine(text === '' ? files.map(({ name }) => name).join(', ') : text);
}

/** Whether a message is the one that another one answers. In encrypted rooms, the server may have put another in its place. */
export function isAnswered(
  reply: Pick<ChatMessage, 'replyToId' | 'replyToAuthor'>,
  { id, author }: Pick<ChatMessage, 'id' | 'author'>,
): boolean {
  const { replyToId = id, replyToAuthor = author?.accountId } = reply;
  // Nobody, once the account was deleted.
  return id === replyToId && (author === null || author.accountId === replyToAuthor);
}

/** The first line of a message, for previews. */
export function firstLine(text: string, length = 140): string {
  const [line = ''] = text.split('\n', 1);
  return line.length > length ? `${line.slice(0, length).trimEnd()}…` : line;
}

function mentionPieces(text: string, names: readonly string[]): TextPiece[] {
  if (names.length > 0) {
    // The longest name first: “@Ann Lee” is not “@Ann” followed by “ Lee”.
    const sorted = [...names].sort((a, b) => b.length - a.length);
    for (const name of sorted) {
      const at = text.indexOf(`@${name}`);
      if (at >= 0) {
        const end = at + name.length + 1;
        return [
          ...mentionPieces(text.slice(0, at), names),
          { kind: 'mention', text: text.slice(at, end) },
          ...mentionPieces(text.slice(end), names),
        ];
      }
    }
  }
  return text === '' ? [] : [{ kind: 'text', text }];
}

function withoutPunctuation(link: string): string {
  // Character by character: an expression that looks for the end tries every run of full stops in the address (threat 46).
  let { length } = link;
  for (; length > 0; length -= 1) {
    const last = link[length - 1] ?? '';
    // A closing bracket belongs to the address only if it opened there, as in addresses of Wikipedia.
    const opening = OPENING[last];
    const isPart = opening === undefined ? !AFTER_LINK.includes(last) : link.includes(opening);
    if (isPart) {
      break;
    }
  }
  return link.slice(0, length);
}

function safeHref(text: string): string | undefined {
  try {
    const { href, protocol, host } = new URL(text);
    return PROTOCOLS.includes(protocol) && (protocol === 'mailto:' || host !== '') ? href : undefined;
  } catch {
    return undefined;
  }
}
