import type { Strings } from '../table.ts';

export const recording: Strings['recording'] = {
  start: 'Записать',
  stop: 'Закончить запись',
  pause: 'Приостановить запись',
  resume: 'Продолжить запись',
  running: 'Идёт запись',
  pausedNow: 'Запись приостановлена',
  interrupted: 'Запись прервалась',
  isRecorded: 'Этот разговор записывается.',
  started: (name) =>
    name === undefined ? 'Этот разговор записывается.' : `${name} записывает этот разговор.`,
  paused: (name) => (name === undefined ? 'Запись приостановлена.' : `${name}: запись приостановлена.`),
  resumed: (name) => (name === undefined ? 'Запись продолжается.' : `${name}: запись продолжается.`),
  ended: (name, reason) => {
    if (name !== undefined) {
      return `${name}: запись закончена.`;
    }
    switch (reason) {
      case 'disk-full':
        return 'Запись закончена: на сервере кончилось место.';
      case 'quota':
        return 'Запись закончена: записи заняли всё отведённое место.';
      case 'failed':
        return 'Запись закончена из-за ошибки.';
      default:
        return 'Запись закончена.';
    }
  },
};
