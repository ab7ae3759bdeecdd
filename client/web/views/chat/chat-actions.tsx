import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { ChatMessage } from '../../../sdk/index.ts';
import type { ChatModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { CloseIcon, CopyIcon, EditIcon, ReplyIcon, SmileIcon, TrashIcon } from '../parts/icons.tsx';
import { EMOJI, QUICK_EMOJI } from './chat-emoji.ts';

/** What the user can do with a message that they point at or have focused. */
export function ChatActions({
  message,
  model,
  active,
}: {
  message: ChatMessage;
  model: ChatModel;
  /** `seq` of the message whose actions are shown. */
  active: Signal<number | undefined>;
}) {
  const isActive = active.value === message.seq;
  return isActive && message.gone === undefined ? <ActionBar message={message} model={model} /> : null;
}

function ActionBar({ message, model }: { message: ChatMessage; model: ChatModel }) {
  const { chat } = strings.value;
  const mode = useSignal<'actions' | 'emoji' | 'confirm'>('actions');
  const bar = useRef<HTMLDivElement>(null);
  const isOwn = model.isOwn(message);
  const react = (emoji: string) => {
    const isOn = message.reactions.some(
      (each) => each.emoji === emoji && each.accountIds.includes(model.accountId),
    );
    mode.value = 'actions';
    void model.try(() => model.chat.react(message.seq, emoji, !isOn));
  };
  const showEmoji = () => {
    mode.value = 'emoji';
    requestAnimationFrame(() => bar.current?.scrollIntoView({ block: 'nearest' }));
  };
  return (
    <div
      ref={bar}
      class={mode.value === 'emoji' ? 'chat-actions all-emoji' : 'chat-actions'}
      role="toolbar"
      aria-label={chat.actions}
      data-testid="chat-actions"
    >
      {mode.value === 'emoji' && <EmojiButtons emoji={EMOJI} onChosen={react} />}
      {mode.value === 'confirm' && (
        <>
          <button
            type="button"
            class="danger"
            data-testid="chat-confirm-delete"
            onClick={() => void model.try(() => model.chat.delete(message.seq))}
          >
            {isOwn ? chat.confirmDelete : chat.confirmRemove}
          </button>
          <Action label={chat.cancel} testId="chat-cancel" onClick={() => (mode.value = 'actions')}>
            <CloseIcon />
          </Action>
        </>
      )}
      {mode.value === 'actions' && (
        <>
          {model.maySend.value && (
            <>
              <EmojiButtons emoji={QUICK_EMOJI} onChosen={react} />
              <Action label={chat.moreEmoji} testId="chat-more-emoji" onClick={showEmoji}>
                <SmileIcon />
              </Action>
              <Action label={chat.reply} testId="chat-reply" onClick={() => model.reply(message)}>
                <ReplyIcon />
              </Action>
            </>
          )}
          {message.text !== '' && (
            <Action label={chat.copy} testId="chat-copy" onClick={() => void copy(model, message.text)}>
              <CopyIcon />
            </Action>
          )}
          {isOwn && model.maySend.value && (
            <Action label={chat.edit} testId="chat-edit" onClick={() => model.edit(message)}>
              <EditIcon />
            </Action>
          )}
          {(isOwn || model.mayModerate.value) && (
            <Action
              label={isOwn ? chat.delete : chat.remove}
              testId="chat-delete"
              danger
              onClick={() => (mode.value = 'confirm')}
            >
              <TrashIcon />
            </Action>
          )}
        </>
      )}
    </div>
  );
}

function EmojiButtons({ emoji, onChosen }: { emoji: readonly string[]; onChosen(emoji: string): void }) {
  return emoji.map((each) => (
    <button
      key={each}
      type="button"
      data-testid="chat-react"
      title={strings.value.chat.react}
      onClick={() => onChosen(each)}
    >
      {each}
    </button>
  ));
}

function Action({
  label,
  testId,
  danger = false,
  onClick,
  children,
}: {
  label: string;
  testId: string;
  danger?: boolean;
  onClick(): void;
  children: ComponentChildren;
}) {
  return (
    <IconButton label={label} testId={testId} look={danger ? 'danger' : ''} onClick={onClick}>
      {children}
    </IconButton>
  );
}

async function copy(model: ChatModel, text: string): Promise<void> {
  await model.try(async () => {
    await navigator.clipboard.writeText(text);
    model.say(strings.peek().common.copied);
  });
}
