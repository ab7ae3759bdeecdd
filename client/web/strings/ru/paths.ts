import type { Strings } from '../table.ts';
import { plural } from './forms.ts';

const PATHS = { udp: 'UDP', tcp: 'TCP', relay: 'TURN-сервер' } as const;
/** After «примерно на …», in the accusative. */
const videos = (count: number) =>
  plural(count, { one: `${count} видео`, few: `${count} видео`, many: `${count} видео` });

export const paths: Strings['paths'] = {
  heading: 'Соединение',
  test: 'Проверить соединение',
  again: 'Проверить ещё раз',
  testing: 'Проверяем соединение…',
  intro: 'Проверка покажет, как звук и видео дойдут до этого сервера. Займёт несколько секунд.',
  path: PATHS,
  works: 'работает',
  blocked: 'заблокирован',
  waiting: 'проверяем…',
  used: (path) =>
    path === 'relay' ? 'Звонки пойдут через TURN-сервер.' : `Звонки пойдут по ${PATHS[path]}.`,
  usedHint: {
    udp: 'Это лучший путь для звонков.',
    tcp: 'Ваша сеть блокирует UDP, поэтому при потерях пакетов звук и видео могут прерываться.',
    relay:
      'Ваша сеть блокирует прямые соединения, поэтому звук и видео идут в обход, через сервер-посредник.',
  },
  none: 'Из этой сети звук и видео не доходят до сервера: сетевой экран блокирует UDP и TCP. Попробуйте другую сеть.',
  roundTrip: 'Задержка туда и обратно',
  milliseconds: (count) => `${count} мс`,
  loss: 'Потери пакетов',
  percent: (count) => `${count} %`,
  download: 'Скорость приёма',
  mbps: (rate) => `${rate} Мбит/с`,
  mbpsEnough: (rate) => `от ${rate} Мбит/с — больше звонку не нужно`,
  videos: 'Хватит примерно на',
  videosMedium: (count) => `${videos(count)} среднего качества`,
  videosSmall: (count) => `${videos(count)} низкого качества`,
  videosBoth: (medium, small) => `${videos(medium)} среднего качества или ${small} низкого`,
  audioOnly: 'один только звук',
};
