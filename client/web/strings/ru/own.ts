import type { Strings } from '../table.ts';

export const own: Strings['own'] = {
  menu: 'Ваше видео',
  move: 'В другой угол',
  float: 'Показывать в углу',
  tile: 'Показывать наравне с другими',
  hide: 'Скрыть от себя',
  show: 'Показать своё видео',
};
