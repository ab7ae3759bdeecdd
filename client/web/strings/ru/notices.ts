import type { Strings } from '../table.ts';

export const notices: Strings['notices'] = {
  serverClosing: 'Сервер сейчас перезапустится. Соединение восстановится само.',
  mutedBy: (name) => `${name} выключает ваш микрофон.`,
  nothingStored:
    'Браузер ничего не сохраняет для этой страницы. Ваша учётная запись здесь исчезнет, когда вы её закроете.',
  noScreen: 'Экран не показан.',
  raisedHand: 'Вы подняли руку',
  loweredOwnHand: 'Вы опустили руку',
  loweredYourHand: (name) => `${name} опускает вашу руку`,
  removed: (name) => `Участник удалён из звонка: ${name}.`,
  removedForNow: (name) => `${name} больше не в звонке. Впустить снова можно в разделе «Участники».`,
};
