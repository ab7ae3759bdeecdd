import type { Strings } from '../table.ts';

export const invite: Strings['invite'] = {
  heading: 'Пригласить',
  what: 'Отправьте эту ссылку одному человеку. Она сработает один раз и действует сутки.',
  link: 'Ссылка-приглашение',
  creating: 'Создаём ссылку…',
  asMember: 'Может входить во все комнаты и приглашать других',
};
