import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { ChatMessage } from '../../sdk/index.ts';
import type { ChatModel } from '../model/index.ts';
import { strings } from '../strings/index.ts';
import { EMOJI, QUICK_EMOJI } from './chat-emoji.ts';
import { CopyIcon, EditIcon, ReplyIcon, SmileIcon, TrashIcon } from './icons.tsx';

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
  const hasAllEmoji = useSignal(false);
  const isConfirming = useSignal(false);
  const isOwn = model.isOwn(message);
  const react = (emoji: string) => {
    const isOn = message.reactions.some(
      (each) => each.emoji === emoji && each.accountIds.includes(model.accountId),
    );
    hasAllEmoji.value = false;
    void model.try(() => model.chat.react(message.seq, emoji, !isOn));
  };
  const remove = () => {
    if (isConfirming.value) {
      void model.try(() => model.chat.delete(message.seq));
    }
    isConfirming.value = !isConfirming.value;
  };
  return (
    <div class="chat-actions" role="toolbar" aria-label={chat.actions} data-testid="chat-actions">
      {model.maySend.value &&
        (hasAllEmoji.value ? EMOJI : QUICK_EMOJI).map((emoji) => (
          <button
            key={emoji}
            type="button"
            data-testid="chat-react"
            aria-label={`${chat.react}: ${emoji}`}
            onClick={() => react(emoji)}
          >
            {emoji}
          </button>
        ))}
      {model.maySend.value && !hasAllEmoji.value && (
        <>
          <Action label={chat.moreEmoji} testId="chat-more-emoji" onClick={() => (hasAllEmoji.value = true)}>
            <SmileIcon />
          </Action>
          <Action label={chat.reply} testId="chat-reply" onClick={() => model.reply(message)}>
            <ReplyIcon />
          </Action>
        </>
      )}
      {!hasAllEmoji.value && (
        <>
          <Action label={chat.copy} testId="chat-copy" onClick={() => void copy(model, message.text)}>
            <CopyIcon />
          </Action>
          {isOwn && model.maySend.value && (
            <Action label={chat.edit} testId="chat-edit" onClick={() => model.edit(message)}>
              <EditIcon />
            </Action>
          )}
          {(isOwn || model.mayModerate.value) && (
            <Action label={isOwn ? chat.delete : chat.remove} testId="chat-delete" danger onClick={remove}>
              {isConfirming.value ? isOwn ? chat.confirmDelete : chat.confirmRemove : <TrashIcon />}
            </Action>
          )}
        </>
      )}
    </div>
  );
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
    <button
      type="button"
      class={danger ? 'danger' : undefined}
      data-testid={testId}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

async function copy(model: ChatModel, text: string): Promise<void> {
  await model.try(async () => {
    await navigator.clipboard.writeText(text);
    model.say(strings.peek().common.copied);
  });
}
