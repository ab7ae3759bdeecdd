import type { Strings } from '../table.ts';
import { listed, plural } from './forms.ts';

export const waiting: Strings['waiting'] = {
  heading: 'Ждут у входа',
  count: (people) =>
    plural(people, {
      one: `Ждёт ${people} человек`,
      few: `Ждут ${people} человека`,
      many: `Ждут ${people} человек`,
    }),
  notice: (names) => `${names.length === 1 ? 'Просит' : 'Просят'} впустить: ${listed(names)}`,
  view: 'Показать',
  admit: 'Впустить',
  deny: 'Отказать',
  admitNamed: (name) => `Впустить: ${name}`,
  denyNamed: (name) => `Отказать: ${name}`,
  admitAll: 'Впустить всех',
  denyAll: 'Отказать всем',
  confirmDenyAll: (people) =>
    plural(people, {
      one: `Не впускать ${people} человека пять минут?`,
      few: `Не впускать ${people} человек пять минут?`,
      many: `Не впускать ${people} человек пять минут?`,
    }),
  guest: 'Гость',
  uninvited: 'Гость без приглашения',
  verified: 'Есть учётная запись на сервере',
  knownGuest: 'Гость с учётной записью на сервере',
  since: (minutes) =>
    minutes < 1
      ? 'только что'
      : plural(minutes, {
          one: `ждёт ${minutes} минуту`,
          few: `ждёт ${minutes} минуты`,
          many: `ждёт ${minutes} минут`,
        }),
};
