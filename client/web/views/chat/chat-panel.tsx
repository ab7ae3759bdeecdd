import { useSignal } from '@preact/signals';
import type { ChatMessage } from '../../../sdk/index.ts';
import { type Call, type ChatModel, canNotify } from '../../model/index.ts';
import { language, loadLateStrings, strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { BellIcon, DownloadIcon, MoreIcon, SearchIcon } from '../parts/icons.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { ChatComposer } from './chat-composer.tsx';
import { ChatList } from './chat-list.tsx';
import { ChatSearch } from './chat-search.tsx';
import '../../styles/chat.css';
import '../../styles/files.css';

const EncryptedChatHint = lazyView(async () => {
  await loadLateStrings();
  return (await import('../encryption/encrypted-hints.tsx')).EncryptedChatHint;
});

/** The chat of a call: messages, search and composer. */
export function ChatPanel({ call }: { call: Call }) {
  const { chat: model } = call;
  const searching = useSignal(false);
  /** `seq` of the message to show, after it was chosen in the search or as a quote. */
  const target = useSignal<number | undefined>(undefined);
  return (
    <div class="chat">
      {searching.value ? (
        <ChatSearch
          model={model}
          onClose={() => (searching.value = false)}
          onChosen={(seq) => {
            searching.value = false;
            target.value = seq;
          }}
        />
      ) : (
        <>
          <ChatBar model={model} roomId={call.room.roomId} onSearch={() => (searching.value = true)} />
          {model.unreadable.value && <EncryptedChatHint counts={model.unreadable.value} />}
          <ChatList model={model} target={target} />
          <ChatComposer model={model} />
        </>
      )}
    </div>
  );
}

function ChatBar({ model, roomId, onSearch }: { model: ChatModel; roomId: string; onSearch(): void }) {
  const { chat } = strings.value;
  const notifies = model.notifies.value;
  const save = (format: 'text' | 'json') =>
    model.try(async () => download(await model.chat.export(), roomId, format));
  return (
    <div class="chat-bar">
      <IconButton label={chat.search} testId="chat-search" onClick={onSearch}>
        <SearchIcon />
      </IconButton>
      {(canNotify || model.mayModerate.value) && (
        <MenuButton label={chat.options} testId="chat-options" icon={<MoreIcon />} buttonClass="icon-button">
          {canNotify && (
            <MenuItem
              testId="chat-notifications"
              icon={<BellIcon />}
              onSelect={() => void model.setNotifies(!notifies)}
            >
              {notifies ? chat.notificationsOff : chat.notificationsOn}
            </MenuItem>
          )}
          {model.mayModerate.value && (
            <>
              <MenuItem testId="chat-save-text" icon={<DownloadIcon />} onSelect={() => void save('text')}>
                {chat.saveText}
              </MenuItem>
              <MenuItem testId="chat-save-json" icon={<DownloadIcon />} onSelect={() => void save('json')}>
                {chat.saveJson}
              </MenuItem>
            </>
          )}
        </MenuButton>
      )}
    </div>
  );
}

function download(messages: readonly ChatMessage[], roomId: string, format: 'text' | 'json'): void {
  const content = format === 'json' ? JSON.stringify(messages, null, 2) : messages.map(lineOf).join('');
  const type = format === 'json' ? 'application/json' : 'text/plain;charset=utf-8';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = `${roomId}.${format === 'json' ? 'json' : 'txt'}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Further lines of a message are indented, so that nobody can fake a message of others. */
function lineOf({ sentAtMs, author, text, files = [], gone, editedAtMs }: ChatMessage): string {
  const { chat } = strings.value;
  const name = author?.displayName ?? chat.deletedAccount;
  const certified = author?.certifiedName === undefined ? '' : ` (${author.certifiedName})`;
  const content = gone ? `[${chat[gone]}]` : text.replaceAll('\n', '\n    ');
  const named = gone ? '' : files.map(({ name }) => ` [${name}]`).join('');
  const edited = editedAtMs !== undefined && !gone ? ` [${chat.edited}]` : '';
  return `${new Date(sentAtMs).toLocaleString(language.value)} ${name}${certified}: ${content}${named}${edited}\n`;
}
