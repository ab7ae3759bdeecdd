import type { Strings } from '../table.ts';

export const lobby: Strings['lobby'] = {
  heading: 'Готовы войти?',
  leftCall: 'Вы вышли из звонка',
  room: 'Комната',
  roomExample: 'например, планёрка',
  roomNeedsLetter: 'В названии комнаты нужна буква или цифра.',
  roomWillBe: (name) => `Комната будет называться ${name}`,
  yourName: 'Ваше имя в этом звонке',
  othersWillSee: (name) => `Другие увидят: ${name}`,
  join: 'Войти',
  rejoin: 'Войти снова',
  joining: 'Входим…',
  useThisTab: 'Продолжить в этой вкладке',
  youAre: 'Вы —',
  verified: 'личность подтверждена',
  forget: 'Выйти',
  confirmForget:
    'Выйти и удалить учётную запись с этого устройства? Чтобы вернуться, понадобится резервная копия, другое ваше устройство или новое приглашение.',
};
