import type { Strings } from '../table.ts';

export const embedding: Strings['embedding'] = {
  microphoneOn: (site) => `Сайт ${site} включил ваш микрофон.`,
  cameraOn: (site) => `Сайт ${site} включил вашу камеру.`,
  waiting: 'Ждём сайт, который открыл это окно…',
  refused: (site) => `Для сайта ${site} нельзя создавать встречи`,
  refusedAdvice: 'Администратор сервера может разрешить это, добавив сайт в server.embedders.',
  create: 'Создать встречу',
  getsLink: (site) => `Ссылку на неё получит сайт ${site}.`,
  titleExample: 'например, «Встреча по проекту»',
};
