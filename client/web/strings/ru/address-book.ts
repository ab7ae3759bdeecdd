import type { Strings } from '../table.ts';

export const addressBook: Strings['addressBook'] = {
  open: 'Синхронизация…',
};
