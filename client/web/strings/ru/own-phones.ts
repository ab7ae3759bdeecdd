import type { Strings } from '../table.ts';

export const ownPhones: Strings['ownPhones'] = {
  heading: 'Ваши телефоны',
  intro: 'Настольные телефоны и приложения, которые звонят, когда звонят вам.',
  loading: 'Загружаем ваши телефоны…',
  none: 'У вас пока нет телефонов.',
  number: (numbers) => `Ваш номер: ${numbers}`,
  rings: 'Звонит, когда звонят мне',
  ringsNamed: (name) => `${name}: звонит, когда звонят мне`,
  add: 'Добавить телефон',
  name: 'Название телефона',
  nameExample: 'Рабочий телефон',
  remove: 'Удалить',
  removeNamed: (name) => `Удалить: ${name}`,
  removeQuestion: (name) => `Удалить «${name}»? С этого телефона нельзя будет ни звонить, ни отвечать.`,
  addedIntro: 'Введите эти данные в телефон. Пароль показывается только сейчас.',
  server: 'Сервер (регистратор)',
  userName: 'Имя пользователя',
  password: 'Пароль',
  copy: 'Копировать',
  tlsHint: (port) => `Если телефон умеет TLS, выберите его и порт ${port}: тогда звонки шифруются.`,
  answeredOnPhone: 'Вы ответили по телефону.',
};
