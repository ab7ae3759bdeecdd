import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ChatMessage } from '../../../sdk/index.ts';
import { type ChatModel, firstLine } from '../../model/index.ts';
import { language, strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { CloseIcon } from '../parts/icons.tsx';

/** How long the user pauses before what they have typed is searched for, in milliseconds. */
const PAUSE_MS = 300;

/** Searches the chat, and shows what was found, newest first. */
export function ChatSearch({
  model,
  onClose,
  onChosen,
}: {
  model: ChatModel;
  onClose(): void;
  onChosen(seq: number): void;
}) {
  const { chat } = strings.value;
  const input = useRef<HTMLInputElement>(null);
  const query = useSignal('');
  const found = useSignal<{ query: string; messages: ChatMessage[]; more: boolean } | undefined>(undefined);
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    const wanted = query.value.trim();
    if (wanted === '') {
      found.value = undefined;
      return;
    }
    const timer = setTimeout(
      () =>
        void model.try(async () => {
          const page = await model.chat.search(wanted);
          // The user may have gone on typing.
          if (query.peek().trim() === wanted) {
            found.value = { query: wanted, ...page };
          }
        }),
      PAUSE_MS,
    );
    return () => clearTimeout(timer);
  }, [query.value]);
  const more = () =>
    model.try(async () => {
      const before = found.value;
      const last = before?.messages.at(-1);
      if (before && last) {
        const page = await model.chat.search(before.query, last.seq);
        found.value = { ...page, query: before.query, messages: [...before.messages, ...page.messages] };
      }
    });
  const result = found.value;
  const count = result?.messages.length ?? 0;
  return (
    <>
      <div class="chat-search-bar">
        <input
          ref={input}
          type="search"
          dir="auto"
          maxLength={200}
          data-testid="chat-query"
          aria-label={chat.search}
          placeholder={chat.search}
          value={query.value}
          onInput={({ currentTarget }) => (query.value = currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') {
              event.preventDefault();
              onClose();
            }
          }}
        />
        <IconButton label={chat.closeSearch} testId="chat-search-close" onClick={onClose}>
          <CloseIcon />
        </IconButton>
      </div>
      <p class="chat-hint" role="status" data-testid="chat-found">
        {result && (count === 0 ? chat.nothingFound : chat.found(count))}
        {result?.more && '+'}
      </p>
      <div class="chat-list results">
        {result?.messages.map((message) => (
          <button
            key={message.seq}
            type="button"
            class="chat-result"
            data-testid="chat-result"
            onClick={() => onChosen(message.seq)}
          >
            <span class="chat-author">
              <span class="name" dir="auto">
                {message.author?.displayName ?? chat.deletedAccount}
              </span>
              <time dateTime={new Date(message.sentAtMs).toISOString()}>
                {new Date(message.sentAtMs).toLocaleString(language.value, {
                  dateStyle: 'short',
                  timeStyle: 'short',
                })}
              </time>
            </span>
            <span class="chat-text" dir="auto">
              {excerpt(message.text, result.query)}
            </span>
          </button>
        ))}
        {result?.more && (
          <button type="button" class="quiet" onClick={() => void more()}>
            {chat.moreResults}
          </button>
        )}
      </div>
    </>
  );
}

/** The part of a text around the first word of the query. */
function excerpt(text: string, query: string): string {
  const [word = ''] = query.split(/\s+/, 1);
  const at = text.toLocaleLowerCase().indexOf(word.toLocaleLowerCase());
  const from = at > 80 ? at - 40 : 0;
  const flat = text.slice(from).replaceAll('\n', ' ');
  return (from > 0 ? '…' : '') + firstLine(flat, 180);
}
