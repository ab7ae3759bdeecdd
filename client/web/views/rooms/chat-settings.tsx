import type { Signal } from '@preact/signals';
import type { RoomDescription } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';

export interface ChatSettings {
  history: NonNullable<RoomDescription['chatHistory']>;
  days: number;
  /** Undefined: as long as messages. */
  fileDays: number | undefined;
}

const DEFAULTS: ChatSettings = { history: 'sinceJoined', days: 30, fileDays: undefined };
/** How long messages may be kept, in days. */
const DAYS = [1, 7, 30, 90, 365, 3650];

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
  const choices = [...new Set([...DAYS, days])].sort((a, b) => a - b);
  const fileChoices = [...new Set([...DAYS, ...(fileDays === undefined ? [] : [fileDays])])].sort(
    (a, b) => a - b,
  );
  const textOf = (each: number) => (each % 365 === 0 ? chat.years(each / 365) : chat.days(each));
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
      <label class="field">
        {chat.keep}
        <select
          data-testid="settings-chat-days"
          value={days}
          onChange={({ currentTarget }) => {
            settings.value = { ...settings.value, days: Number(currentTarget.value) };
          }}
        >
          {choices.map((each) => (
            <option key={each} value={each}>
              {textOf(each)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        {files.keep}
        <select
          data-testid="settings-file-days"
          value={fileDays ?? ''}
          onChange={({ currentTarget: { value } }) => {
            settings.value = { ...settings.value, fileDays: value === '' ? undefined : Number(value) };
          }}
        >
          <option value="">{files.keepAsMessages}</option>
          {fileChoices
            .filter((each) => each < days || each === fileDays)
            .map((each) => (
              <option key={each} value={each}>
                {textOf(each)}
              </option>
            ))}
        </select>
      </label>
    </fieldset>
  );
}
