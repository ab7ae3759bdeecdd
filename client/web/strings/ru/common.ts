import type { Strings } from '../table.ts';

export const common: Strings['common'] = {
  cancel: 'Отмена',
  close: 'Закрыть',
  copied: 'Скопировано',
  copyLink: 'Скопировать ссылку',
  dismiss: 'Скрыть',
  done: 'Готово',
  more: 'Ещё',
  someone: 'Кто-то',
  withShortcut: (label, key) => `${label} (${key})`,
};
