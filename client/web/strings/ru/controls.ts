import type { Strings } from '../table.ts';

export const controls: Strings['controls'] = {
  label: 'Управление звонком',
  mute: 'Выключить микрофон',
  unmute: 'Включить микрофон',
  cameraOff: 'Выключить камеру',
  cameraOn: 'Включить камеру',
  shareScreen: 'Показать экран',
  stopSharing: 'Прекратить показ',
  raiseHand: 'Поднять руку',
  lowerHand: 'Опустить руку',
  galleryView: 'Галерея',
  speakerView: 'Говорящий крупно',
  statistics: 'Статистика',
  fullScreen: 'На весь экран',
  exitFullScreen: 'Выйти из полноэкранного режима',
  pictureInPicture: 'Картинка в картинке',
  noPictureInPicture: 'Браузер не смог открыть окно «картинка в картинке».',
  sharing: 'Вы показываете экран',
  more: 'Другие действия',
  leave: 'Выйти из звонка',
};
