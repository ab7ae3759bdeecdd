import type { Strings } from '../table.ts';

export const phones: Strings['phones'] = {
  call: 'Позвонить на телефон',
  dial: 'Позвонить',
  target: 'Номер или адрес SIP',
  what: 'Телефон зазвонит, и тот, кто ответит, окажется в этой комнате.',

  title: 'Телефоны',
  announcements: 'Когда кто-то входит или выходит, в телефоне слышно',
  announcementChoices: {
    off: 'Ничего',
    tone: 'Сигнал',
    name: 'Имя',
    recorded: 'Имя голосом звонящего',
  },
  announcementsHint: 'Только на небольших встречах и тихо, пока кто-то говорит.',
  passThrough: 'Передавать звук телефонов без преобразования, пока все могут его воспроизвести',
  passThroughHint: 'Задержка немного меньше, но трафика у всех больше.',
};
