import type { Strings } from '../table.ts';
import { listed } from './forms.ts';

export const reactions: Strings['reactions'] = {
  send: 'Отправить реакцию',
  kinds: {
    like: 'палец вверх',
    applause: 'аплодисменты',
    love: 'сердце',
    laugh: 'смех',
    surprise: 'удивление',
    celebrate: 'праздник',
  },
  announced: (names, kind) => `${listed(names)}: ${kind}`,
};
