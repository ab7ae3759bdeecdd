import type { Signal } from '@preact/signals';
import type { RoomDescription } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { KeepSelect } from './keep-select.tsx';

export interface ChatSettings {
  history: NonNullable<RoomDescription['chatHistory']>;
  days: number;
  /** Undefined: as long as messages. */
  fileDays: number | undefined;
}

const DEFAULTS: ChatSettings = { history: 'sinceJoined', days: 30, fileDays: undefined };

export function chatSettingsOf({ chatHistory, chatDays, fileDays }: RoomDescription): ChatSettings {
  return { history: chatHistory ?? DEFAULTS.history, days: chatDays ?? DEFAULTS.days, fileDays };
}

/** What to store: nothing for defaults. */
export function chatChangeOf({ history, days, fileDays }: ChatSettings): {
  chatHistory: ChatSettings['history'] | null;
  chatDays: number | null;
  fileDays: number | null;
} {
  return {
    chatHistory: history === DEFAULTS.history ? null : history,
    chatDays: days === DEFAULTS.days ? null : days,
    fileDays: fileDays ?? null,
  };
}

/** Who may read earlier messages of a room, and how long they are kept. */
export function ChatFields({ settings }: { settings: Signal<ChatSettings> }) {
  const { chat, files } = strings.value;
  const { history, days, fileDays } = settings.value;
  return (
    <fieldset>
      <legend>{chat.title}</legend>
      <label class="field">
        {chat.history}
        <select
          data-testid="settings-chat-history"
          value={history}
          onChange={({ currentTarget }) => {
            settings.value = { ...settings.value, history: currentTarget.value as ChatSettings['history'] };
          }}
        >
          <option value="sinceJoined">{chat.historySinceJoined}</option>
          <option value="all">{chat.historyAll}</option>
        </select>
      </label>
      <p class="hint">{chat.historyHint}</p>
      <KeepSelect
        label={chat.keep}
        testId="settings-chat-days"
        days={days}
        onChange={(chosen = DEFAULTS.days) => {
          settings.value = { ...settings.value, days: chosen };
        }}
      />
      <KeepSelect
        label={files.keep}
        testId="settings-file-days"
        days={fileDays}
        forever={files.keepAsMessages}
        isOffered={(each) => each < days}
        onChange={(chosen) => {
          settings.value = { ...settings.value, fileDays: chosen };
        }}
      />
    </fieldset>
  );
}
