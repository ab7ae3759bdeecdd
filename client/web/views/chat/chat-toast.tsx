import { type Call, messageSummary } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { CloseIcon } from '../parts/icons.tsx';

/** Who wrote what, over the call while the chat is closed. */
export function ChatToast({ call }: { call: Call }) {
  const model = call.chat;
  const toast = model.toast.value;
  const { chat, common } = strings.value;
  const name = toast?.message.author?.displayName ?? chat.deletedAccount;
  return (
    <div class="chat-toasts" role="status" aria-live="polite" aria-label={chat.title}>
      {toast && (
        <div class={toast.isMention ? 'chat-toast mention' : 'chat-toast'} data-testid="chat-toast">
          <button type="button" class="chat-toast-open" onClick={() => model.openFromToast()}>
            <strong dir="auto">{toast.isMention ? chat.mentionedYou(name) : name}</strong>
            <span dir="auto">{messageSummary(toast.message)}</span>
          </button>
          <IconButton label={common.dismiss} onClick={() => model.dismissToast()}>
            <CloseIcon />
          </IconButton>
        </div>
      )}
    </div>
  );
}
