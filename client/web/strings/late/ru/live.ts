import type { LateStrings } from '../../table.ts';

export const live: LateStrings['live'] = {
  start: 'Прямая трансляция…',
  stop: 'Остановить трансляцию…',
  startNow: 'Начать',
  stopNow: 'Остановить',
  what: 'Видео и звук всех участников увидят и услышат люди вне звонка. Все в звонке видят, что идёт трансляция.',
  target: 'Сервер',
  hls: 'Этот сервер, для всех, у кого есть ссылка (HLS)',
  key: 'Ключ трансляции',
  cost: (cpuPercent: number, kbps: number) =>
    `Это займёт около ${cpuPercent} % ядра процессора сервера и ${kbps} кбит/с исходящего трафика.`,
  costHls: (cpuPercent: number, kbps: number) =>
    `Это займёт около ${cpuPercent} % ядра процессора сервера и ${kbps} кбит/с исходящего трафика на каждого зрителя.`,
  running: (host: string | undefined) => (host === undefined ? 'Прямой эфир' : `Прямой эфир: ${host}`),
  interrupted: 'Трансляция прервана',
  link: 'Ссылка',
  isStreamed: 'Идёт прямая трансляция этого звонка.',
  started: (name: string | undefined) =>
    name === undefined
      ? 'Началась прямая трансляция этого звонка.'
      : `${name} ведёт прямую трансляцию этого звонка.`,
  ended: (name: string | undefined, reason: string | undefined) =>
    name !== undefined
      ? `${name} останавливает прямую трансляцию.`
      : reason === 'failed'
        ? 'Прямая трансляция закончилась из-за ошибки.'
        : 'Прямая трансляция закончилась.',
};
