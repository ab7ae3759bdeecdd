import type { Strings } from '../table.ts';

export const hands: Strings['hands'] = {
  badge: 'Поднятая рука',
  raised: 'рука поднята,',
  raisedInQueue: (place, of) => `рука поднята, ${place}-я из ${of},`,
  list: 'Подняли руку:',
};
