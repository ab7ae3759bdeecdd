import type { Strings } from '../table.ts';

export const captions: Strings['captions'] = {
  start: 'Включить субтитры',
  stop: 'Выключить субтитры',
  show: 'Показать субтитры',
  hide: 'Скрыть субтитры',
  running: 'Субтитры',
  unheard: 'Субтитры: служба не отвечает',
  label: 'Субтитры',
  started: (name) =>
    name === undefined
      ? 'Субтитры включены: голоса передаются службе распознавания.'
      : `${name} включает субтитры: голоса передаются службе распознавания.`,
  stopped: (name) => (name === undefined ? 'Субтитры закончились.' : `${name} выключает субтитры.`),
};
