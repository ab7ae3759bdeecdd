import type { Strings } from '../table.ts';

export const shortcuts: Strings['shortcuts'] = {
  heading: 'Сочетания клавиш',
  microphone: 'Выключить или включить микрофон',
  camera: 'Включить или выключить камеру',
  screen: 'Показать экран или прекратить показ',
  hand: 'Поднять или опустить руку',
  view: 'Галерея или крупный план',
  fullScreen: 'На весь экран',
  statistics: 'Показать статистику',
  sheet: 'Показать этот список',
  enable: 'Управлять звонком отдельными клавишами',
};
