import type { Strings } from '../table.ts';
export const recordings: Strings['recordings'] = {
  title: 'Записи',
  keep: 'Хранить записи',
  keepForever: 'Пока их не удалят',
};
