import type { Strings } from '../table.ts';

export const appearance: Strings['appearance'] = {
  heading: 'Внешний вид',
  language: 'Язык',
  theme: 'Тема',
  system: 'Как в системе',
  light: 'Светлая',
  dark: 'Тёмная',
};
