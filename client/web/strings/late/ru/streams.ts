import type { LateStrings } from '../../table.ts';

export const streams: LateStrings['streams'] = {
  what: 'Программа с ключом может передавать в эту комнату видео и звук (WHIP) или смотреть её (WHEP). Все видят, что она здесь.',
  purpose: 'Что делает программа',
  directions: { publish: 'Передаёт в комнату.', watch: 'Смотрит комнату.' },
  name: 'Имя в комнате',
  names: { publish: 'Трансляция', watch: 'Экран' },
  create: 'Создать ключ',
  address: 'Адрес сервера',
  copyAddress: 'Скопировать адрес',
  key: 'Ключ трансляции (bearer token)',
  copyKey: 'Скопировать ключ',
  shownOnce:
    'Ключ показан только сейчас. Никому его не передавайте: тому, у кого он есть, приглашение не нужно.',
  active: 'Сейчас используется.',
  revoke: 'Отозвать',
  revokeKey: (name) => `Отозвать ключ «${name}»`,
};
