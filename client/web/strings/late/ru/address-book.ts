import type { LateStrings } from '../../table.ts';

export const addressBook: LateStrings['addressBook'] = {
  title: 'Синхронизация контактов',
  intro:
    'Ваши контакты здесь и в адресной книге на сервере CardDAV (Nextcloud, iCloud, Fastmail и других) будут одинаковыми.',
  url: 'Адрес сервера или адресной книги',
  urlExample: 'https://dav.example.com',
  userName: 'Имя пользователя',
  password: 'Пароль',
  passwordHint:
    'Если у вашего сервиса есть пароли приложений, возьмите такой. Пароль хранится зашифрованным.',
  connect: 'Подключить',
  loading: 'Загружаем…',
  waiting: 'Ещё не синхронизировано',
  synchronising: 'Синхронизируем…',
  synchronised: (when) => `Синхронизировано: ${when}`,
  failed: 'В последний раз не получилось. Canopy попробует ещё раз.',
  now: 'Синхронизировать сейчас',
  disconnect: 'Отключить',
  disconnectHint: 'Контакты останутся и здесь, и в адресной книге.',
};
