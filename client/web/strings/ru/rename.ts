import type { Strings } from '../table.ts';

export const rename: Strings['rename'] = {
  own: 'Изменить своё имя',
  other: (name) => `Переименовать: ${name}`,
  change: 'Изменить',
  yourName: 'Ваше имя в этом звонке',
  name: 'Имя в этом звонке',
  verifiedToo: (name) => `Другие увидят и подтверждённое имя: ${name}`,
};
