import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { type ChatModel, type Mentionable, messageSummary } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { AttachIcon, CloseIcon, SendIcon, SmileIcon } from '../parts/icons.tsx';
import { AttachmentList } from './attachment-list.tsx';
import { EMOJI } from './chat-emoji.ts';

const MAX_LENGTH = 4000;
/** From here on, the number of characters left is shown. */
const FEW_LEFT = 200;

/** An at sign at the start of a word, and the name as far as it is typed, up to the caret. */
const MENTION_START = /(?:^|\s)@([^\s@]{0,30})$/u;

/** Where messages are typed: Enter sends, Shift+Enter starts a line, arrow up edits the last message, `@` mentions people. */
export function ChatComposer({ model }: { model: ChatModel }) {
  const { chat, files } = strings.value;
  const input = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const listId = useId();
  const hasEmoji = useSignal(false);
  /** The name that is being typed, and which of the offered people is chosen. */
  const mention = useSignal<{ start: string; chosen: number } | undefined>(undefined);
  const people = useComputed(() => (mention.value ? model.mentionable(mention.value.start) : []));
  const draft = model.draft.value;
  const editing = model.editing.value;
  const replyingTo = model.replyingTo.value;

  useEffect(() => {
    // A phone would open its keyboard.
    if (matchMedia('(pointer: fine)').matches) {
      input.current?.focus({ preventScroll: true });
    }
  }, []);
  useEffect(() => {
    if (editing || replyingTo) {
      input.current?.focus();
    }
  }, [editing, replyingTo]);
  // As high as its text, up to a maximum in the style sheet.
  useLayoutEffect(() => {
    const element = input.current;
    if (element) {
      element.style.height = 'auto';
      element.style.height = `${element.scrollHeight + 2}px`;
    }
  }, [draft]);

  if (!model.maySend.value) {
    return <p class="chat-hint">{chat.mayNotSend}</p>;
  }

  const insert = (text: string, deleted = 0) => {
    const element = input.current;
    const at = element?.selectionStart ?? draft.length;
    const end = element?.selectionEnd ?? draft.length;
    model.draft.value = draft.slice(0, at - deleted) + text + draft.slice(end);
    const caret = at - deleted + text.length;
    requestAnimationFrame(() => {
      element?.focus();
      element?.setSelectionRange(caret, caret);
    });
  };
  const choose = (person: Mentionable) => {
    model.mention(person);
    insert(`@${person.displayName} `, (mention.value?.start.length ?? 0) + 1);
    mention.value = undefined;
  };
  const submit = () => {
    mention.value = undefined;
    hasEmoji.value = false;
    void model.submit();
    input.current?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    const offered = people.value;
    const state = mention.value;
    if (event.isComposing) {
      return;
    }
    if (state && offered.length > 0) {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        const step = event.key === 'ArrowDown' ? 1 : -1;
        mention.value = { ...state, chosen: (state.chosen + step + offered.length) % offered.length };
      } else if (event.key === 'Enter' || event.key === 'Tab') {
        choose(offered[state.chosen] ?? (offered[0] as Mentionable));
      } else if (event.key === 'Escape') {
        mention.value = undefined;
      } else {
        return;
      }
      event.preventDefault();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === 'ArrowUp' && draft === '' && !editing) {
      if (model.editLast()) {
        event.preventDefault();
      }
    } else if (event.key === 'Escape' && (editing || replyingTo || hasEmoji.value)) {
      event.preventDefault();
      hasEmoji.value = false;
      model.cancel();
    }
  };
  const typed = (element: HTMLTextAreaElement) => {
    model.draft.value = element.value;
    model.chat.notifyTyping();
    const [, start] = MENTION_START.exec(element.value.slice(0, element.selectionStart)) ?? [];
    mention.value = start === undefined ? undefined : { start, chosen: 0 };
  };

  const pasted = (event: ClipboardEvent) => {
    const { files: given, types } = event.clipboardData ?? {};
    // Office programs also offer a picture of the text.
    if (given && given.length > 0 && !types?.includes('text/plain')) {
      event.preventDefault();
      void model.attachments.add([...given]);
    }
  };
  const mayAttach = model.maySendFiles.value && !editing;
  const hasFiles = (editing?.files ?? model.attachments.list.value).length > 0;

  const left = MAX_LENGTH - draft.length;
  const offered = people.value;
  return (
    <div class="chat-composer">
      {(editing || replyingTo) && (
        <div class="chat-context" data-testid="chat-context">
          <p>
            <strong dir="auto">
              {editing ? chat.editing : chat.replyTo(replyingTo?.author?.displayName ?? chat.deletedAccount)}
            </strong>
            {replyingTo && !editing && <span dir="auto">{messageSummary(replyingTo)}</span>}
          </p>
          <IconButton label={chat.cancel} onClick={() => model.cancel()}>
            <CloseIcon />
          </IconButton>
        </div>
      )}
      {hasEmoji.value && (
        <div class="chat-emoji" data-testid="chat-emoji">
          {EMOJI.map((emoji) => (
            <button key={emoji} type="button" aria-label={emoji} onClick={() => insert(emoji)}>
              {emoji}
            </button>
          ))}
        </div>
      )}
      {offered.length > 0 && (
        <div class="chat-people" role="listbox" id={listId} aria-label={chat.people}>
          {offered.map((person, at) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text (aria-activedescendant)
            // biome-ignore lint/a11y/useKeyWithClickEvents: arrow keys and Enter in the text choose it
            <div
              key={person.accountId}
              id={`${listId}-${at}`}
              role="option"
              class="chat-person"
              data-testid="chat-person"
              aria-selected={at === mention.value?.chosen}
              dir="auto"
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(person)}
            >
              {person.displayName}
            </div>
          ))}
        </div>
      )}
      {!editing && <AttachmentList model={model} />}
      <div class="chat-input">
        {mayAttach && (
          <>
            <button
              type="button"
              class="icon-button"
              data-testid="chat-attach"
              aria-label={files.attach}
              title={files.attach}
              onClick={() => picker.current?.click()}
            >
              <AttachIcon />
            </button>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              data-testid="chat-files"
              onChange={({ currentTarget }) => {
                void model.attachments.add([...(currentTarget.files ?? [])]);
                // The same file may be chosen again.
                currentTarget.value = '';
                input.current?.focus();
              }}
            />
          </>
        )}
        <textarea
          ref={input}
          rows={1}
          dir="auto"
          value={draft}
          maxLength={MAX_LENGTH}
          data-testid="chat-input"
          aria-label={chat.message}
          aria-autocomplete="list"
          aria-controls={offered.length > 0 ? listId : undefined}
          aria-activedescendant={offered.length > 0 ? `${listId}-${mention.value?.chosen ?? 0}` : undefined}
          placeholder={chat.placeholder}
          enterkeyhint="send"
          onInput={({ currentTarget }) => typed(currentTarget)}
          onKeyDown={pressed}
          onPaste={pasted}
          onBlur={() => (mention.value = undefined)}
        />
        <IconButton
          label={chat.emoji}
          testId="chat-insert-emoji"
          data={{ 'aria-expanded': hasEmoji.value }}
          onClick={() => (hasEmoji.value = !hasEmoji.value)}
        >
          <SmileIcon />
        </IconButton>
        <IconButton
          label={editing ? chat.save : chat.send}
          testId="chat-send"
          look="icon-button send"
          disabled={draft.trim() === '' && !hasFiles}
          onClick={submit}
        >
          <SendIcon />
        </IconButton>
      </div>
      {left < FEW_LEFT && (
        <p class="hint" role="status">
          {chat.left(left)}
        </p>
      )}
    </div>
  );
}
