import type { Strings } from '../table.ts';

export const streams: Strings['streams'] = {
  heading: 'Трансляции: OBS, камеры, экраны на стене',
  sends: 'Трансляция, не проверенное устройство',
  watches: 'Смотрит программа, не проверенное устройство',
};
