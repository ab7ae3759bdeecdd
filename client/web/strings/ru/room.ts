import type { Strings } from '../table.ts';
import { plural } from './forms.ts';

export const room: Strings['room'] = {
  participants: 'Участники',
  count: (people) =>
    people === 1
      ? 'Только вы'
      : plural(people, {
          one: `${people} участник`,
          few: `${people} участника`,
          many: `${people} участников`,
        }),
  verifiedAs: (name) => `Подтверждено: ${name}`,
  guest: (name) => `Гость: ${name}`,
  device: (id) => `Устройство ${id}`,
  ended: 'Звонок завершён.',
  reconnecting: 'Восстанавливаем соединение…',
  hear: 'Нажмите, чтобы слышать остальных',
  troubleBoth: 'Звук и видео не проходят. Пробуем снова…',
  troubleSending: 'Вас не слышно и не видно. Пробуем снова…',
  troubleReceiving: 'Вы не слышите и не видите остальных. Пробуем снова…',
  troubleAdvice: (ports) =>
    `Возможно, сетевой экран не пропускает ${ports}. Попробуйте другую сеть. Администратор может проверить порты сервера командой`,
};
