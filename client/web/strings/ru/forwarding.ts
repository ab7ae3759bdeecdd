import type { Strings } from '../table.ts';
import { plural } from './forms.ts';

export const forwarding: Strings['forwarding'] = {
  heading: 'Переадресация звонков',
  always: 'Всегда',
  busy: 'Если я занят или просил не беспокоить',
  unanswered: 'Если я не отвечаю',
  to: 'На ссылку для звонка или номер',
  nowhere: 'Никуда',
  after: 'Через',
  seconds: (count) =>
    plural(count, { one: `${count} секунду`, few: `${count} секунды`, many: `${count} секунд` }),
  save: 'Сохранить',
  saved: 'Сохранено',
  unusable: 'Это не ссылка для звонка и не номер телефона.',
  leadsTo: (name) => `Кому: ${name}`,
  by: (name) => `Переадресовал(а) ${name}`,
};
