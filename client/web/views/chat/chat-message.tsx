import { type Signal, useSignal } from '@preact/signals';
import { Component } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ChatMessage, FileUpload, PendingMessage } from '../../../sdk/index.ts';
import {
  type ChatModel,
  fileSize,
  isAnswered,
  type MessageGroup,
  messageSummary,
  textPieces,
} from '../../model/index.ts';
import { errorSentence, language, strings } from '../../strings/index.ts';
import { FileIcon } from '../parts/icons.tsx';
import { ChatActions } from './chat-actions.tsx';
import { MessageFiles } from './message-files.tsx';
import { UploadState } from './upload-state.tsx';

interface GroupProps {
  group: MessageGroup;
  model: ChatModel;
  /** `seq` of the message whose actions are shown. */
  active: Signal<number | undefined>;
  /** The user wants to see a quoted message. */
  onShow(seq: number): void;
}

/** Messages of one person within a minute. Drawn again only if one of them changes: there may be a thousand. */
export class MessageGroupView extends Component<GroupProps> {
  override shouldComponentUpdate({ group }: GroupProps): boolean {
    const { messages } = this.props.group;
    return (
      messages.length !== group.messages.length || messages.some((each, at) => each !== group.messages[at])
    );
  }

  override render({ group, ...rest }: GroupProps) {
    return (
      <div class={this.#isOwn ? 'chat-group own' : 'chat-group'}>
        <GroupHeader group={group} isOwn={this.#isOwn} />
        {group.messages.map((message) => (
          <MessageView key={message.seq} message={message} {...rest} />
        ))}
      </div>
    );
  }

  get #isOwn(): boolean {
    const { group, model } = this.props;
    return group.author?.accountId === model.accountId;
  }
}

function GroupHeader({ group: { author, sentAtMs }, isOwn }: { group: MessageGroup; isOwn: boolean }) {
  const { chat, tile } = strings.value;
  return (
    <div class="chat-author">
      <span class="name" dir="auto" data-testid="chat-author">
        {author === null ? chat.deletedAccount : isOwn ? chat.you : author.displayName}
      </span>
      {author?.certifiedName !== undefined && (
        <span class="certified" dir="auto" title={tile.certified}>
          {tile.certifiedAs(author.certifiedName)}
        </span>
      )}
      <Time timeMs={sentAtMs} />
    </div>
  );
}

function Time({ timeMs }: { timeMs: number }) {
  const date = new Date(timeMs);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString(language.value)}>
      {date.toLocaleTimeString(language.value, { hour: 'numeric', minute: '2-digit' })}
    </time>
  );
}

type MessageProps = Omit<GroupProps, 'group'> & { message: ChatMessage };

function MessageView({ message, model, active, onShow }: MessageProps) {
  const { seq, gone, mentions, replyTo } = message;
  const show = () => {
    active.value = seq;
  };
  const isForMe = mentions.includes(model.accountId);
  return (
    <div
      class={isForMe ? 'chat-message mentioned' : 'chat-message'}
      data-testid="chat-message"
      data-seq={seq}
      tabIndex={-1}
      onPointerEnter={show}
      onFocusCapture={show}
    >
      {replyTo !== undefined && gone === undefined && (
        <Quote seq={replyTo} reply={message} model={model} onShow={() => onShow(replyTo)} />
      )}
      <MessageBody message={message} model={model} />
      <MessageFiles message={message} model={model} />
      <Reactions message={message} model={model} />
      <ChatActions message={message} model={model} active={active} />
    </div>
  );
}

function MessageBody({ message, model }: { message: ChatMessage; model: ChatModel }) {
  const { chat } = strings.value;
  const { text, gone, editedAtMs } = message;
  if (gone !== undefined) {
    return (
      <p class="chat-gone" data-testid="chat-gone">
        {chat[gone]}
      </p>
    );
  }
  // Files may come without a text.
  return text === '' && editedAtMs === undefined ? null : (
    <p class="chat-text" dir="auto" data-testid="chat-text">
      <MessageText message={message} model={model} />
      {editedAtMs !== undefined && (
        <span class="chat-edited" title={new Date(editedAtMs).toLocaleString(language.value)}>
          {' '}
          ({chat.edited})
        </span>
      )}
    </p>
  );
}

function MessageText({ message: { text, mentions }, model }: { message: ChatMessage; model: ChatModel }) {
  const names = mentions.flatMap((accountId) => model.nameOf(accountId) ?? []);
  return textPieces(text, names).map((piece, at) => {
    const key = `${at}`;
    if (piece.kind === 'link') {
      return (
        <a key={key} href={piece.href} title={piece.href} target="_blank" rel="noopener noreferrer nofollow">
          {piece.text}
        </a>
      );
    }
    return piece.kind === 'mention' ? (
      <span key={key} class="chat-mention">
        {piece.text}
      </span>
    ) : (
      piece.text
    );
  });
}

/** The message that another one answers. */
function Quote({
  seq,
  reply,
  model,
  onShow,
}: {
  seq: number;
  reply: ChatMessage;
  model: ChatModel;
  onShow(): void;
}) {
  const { chat } = strings.value;
  const loaded = model.messages.value.find((message) => message.seq === seq);
  const fetched = useSignal<ChatMessage | undefined>(undefined);
  const isLoaded = loaded !== undefined;
  useEffect(() => {
    if (!isLoaded) {
      model.chat.find(seq).then(
        (message) => {
          fetched.value = message;
        },
        () => {},
      );
    }
  }, [seq, isLoaded]);
  const quoted = loaded ?? fetched.value;
  if (!quoted || quoted.gone !== undefined || !isAnswered(reply, quoted)) {
    return <p class="chat-quote gone">{quoted?.gone ? chat[quoted.gone] : chat.unavailable}</p>;
  }
  const name = quoted.author?.displayName ?? chat.deletedAccount;
  return (
    <button
      type="button"
      class="chat-quote"
      data-testid="chat-quote"
      title={chat.inReplyTo(name)}
      onClick={onShow}
    >
      <span class="name" dir="auto">
        {name}
      </span>
      <span class="chat-quote-text" dir="auto">
        {messageSummary(quoted)}
      </span>
    </button>
  );
}

function Reactions({ message: { seq, reactions }, model }: { message: ChatMessage; model: ChatModel }) {
  if (reactions.length === 0) {
    return null;
  }
  const { chat, common } = strings.value;
  return (
    <div class="chat-reactions">
      {reactions.map(({ emoji, accountIds }) => {
        const isOn = accountIds.includes(model.accountId);
        const names = accountIds.map((id) =>
          id === model.accountId ? chat.you : (model.nameOf(id) ?? common.someone),
        );
        const label = chat.reaction(emoji, names);
        return (
          <button
            key={emoji}
            type="button"
            class={isOn ? 'chat-reaction on' : 'chat-reaction'}
            data-testid="chat-reaction"
            aria-pressed={isOn}
            aria-label={label}
            title={label}
            onClick={() => void model.try(() => model.chat.react(seq, emoji, !isOn))}
          >
            <span aria-hidden="true">
              {emoji} {accountIds.length}
            </span>
          </button>
        );
      })}
    </div>
  );
}

/** A message that the server does not have yet. */
export function PendingView({ pending, model }: { pending: PendingMessage; model: ChatModel }) {
  const { chat } = strings.value;
  const { id, text, state, error, files } = pending;
  return (
    <div class="chat-group own pending" data-testid="chat-pending" data-state={state}>
      {text !== '' && (
        <p class="chat-text" dir="auto">
          {text}
        </p>
      )}
      {files && <PendingFiles files={files} model={model} />}
      {state === 'sending' ? (
        <p class="chat-state">
          {chat.sending}
          {files?.some((upload) => model.watched(upload).state !== 'done') && (
            <button
              type="button"
              class="quiet"
              data-testid="chat-discard"
              onClick={() => model.chat.discard(id)}
            >
              {strings.value.files.cancel}
            </button>
          )}
        </p>
      ) : (
        <p class="chat-state failed" role="alert">
          <span>
            {chat.notSent} {error && errorSentence(error)}
          </span>
          <button type="button" class="quiet" data-testid="chat-retry" onClick={() => model.chat.retry(id)}>
            {chat.retry}
          </button>
          <button
            type="button"
            class="quiet"
            data-testid="chat-discard"
            onClick={() => model.chat.discard(id)}
          >
            {chat.discard}
          </button>
        </p>
      )}
    </div>
  );
}

function PendingFiles({ files, model }: { files: readonly FileUpload[]; model: ChatModel }) {
  return (
    <div class="message-files">
      {files.map((upload) => (
        <div key={upload.fileId} class="message-file" data-testid="pending-file">
          <FileIcon />
          <div>
            <p class="file-name" dir="auto">
              {upload.name}
            </p>
            <p class="file-state">
              {fileSize(upload.size)} · <UploadState upload={upload} model={model} />
            </p>
          </div>
        </div>
      ))}
    </div>
  );
}
