import type { Strings } from '../table.ts';
import { plural } from './forms.ts';

export const backup: Strings['backup'] = {
  save: 'Сохранить резервную копию',
  heading: 'Резервная копия учётной записи',
  saved: 'Храните этот файл в надёжном месте, а пароль — отдельно.',
  download: 'Скачать файл',
  what: 'С этим файлом и паролем к нему можно войти в учётную запись на другом устройстве или если это потеряется.',
  password: 'Пароль',
  repeat: 'Повторите пароль',
  rule: (characters) => {
    const least = plural(characters, {
      one: `${characters} символа`,
      few: `${characters} символов`,
      many: `${characters} символов`,
    });
    return `Не меньше ${least}. Сбросить его нельзя.`;
  },
  create: 'Создать копию',
};
