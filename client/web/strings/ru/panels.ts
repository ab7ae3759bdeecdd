import type { Strings } from '../table.ts';

export const panels: Strings['panels'] = {
  close: (panel) => `Закрыть: ${panel}`,
  loadFailed: 'Не удалось загрузить панель. Проверьте соединение и попробуйте ещё раз.',
  settings: 'Настройки',
};
