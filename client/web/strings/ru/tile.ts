import type { Strings } from '../table.ts';

export const tile: Strings['tile'] = {
  actionsFor: (name) => `Действия: ${name}`,
  mute: 'Выключить микрофон',
  unmute: 'Включить микрофон',
  rename: 'Переименовать…',
  remove: 'Удалить из звонка',
  hangUp: 'Положить трубку',
  confirm: 'Нажмите ещё раз для подтверждения',
};
