import type { Strings } from '../table.ts';

export const phones: Strings['phones'] = {
  call: 'Позвонить на телефон',
  dial: 'Позвонить',
  target: 'Номер или адрес SIP',
  what: 'Телефон зазвонит, и тот, кто ответит, окажется в этой комнате.',
};
