import type { Strings } from '../table.ts';

export const alone: Strings['alone'] = {
  heading: 'Пока больше никого нет',
  advice: 'Отправьте эту ссылку тем, кого ждёте.',
  link: 'Ссылка на эту комнату',
};
