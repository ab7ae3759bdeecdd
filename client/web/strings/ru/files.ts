import type { Strings } from '../table.ts';
import { plural } from './forms.ts';

export const files: Strings['files'] = {
  attach: 'Прикрепить файлы',
  drop: 'Отпустите файлы, чтобы отправить их в чат',
  remove: (name) => `Убрать файл ${name}`,
  retry: (name) => `Загрузить файл ${name} ещё раз`,
  attached: 'Прикреплённые файлы',
  ready: 'Можно отправлять',
  waiting: 'В очереди…',
  uploading: (percent) => `Загружается, ${percent} %`,
  failed: 'Не удалось загрузить.',
  cancel: 'Отменить',
  originals: 'Фотографии отправляются без изменений, вместе со сведениями, например о месте съёмки.',
  tooLarge: (name, size) => `Файл ${name} слишком большой. Можно отправлять файлы размером до ${size}.`,
  empty: (name) => `${name}: файл пуст, или это папка.`,
  tooMany: (count) =>
    plural(count, {
      one: `В сообщении может быть до ${count} файла.`,
      few: `В сообщении может быть до ${count} файлов.`,
      many: `В сообщении может быть до ${count} файлов.`,
    }),
  notPermitted: 'Вы не можете отправлять файлы в этой комнате.',
  gone: 'Файл удалён',
  download: (name) => `Скачать файл ${name}`,
  view: (name) => `Открыть ${name}`,
  picture: 'Изображение',
  loading: 'Загрузка…',
  broken: 'Это изображение нельзя показать, но можно скачать.',
  previous: 'Предыдущее изображение',
  next: 'Следующее изображение',
  close: 'Закрыть',
  position: (at, count) => `${at} из ${count}`,
  sent: (count) => plural(count, { one: `${count} файл`, few: `${count} файла`, many: `${count} файлов` }),
  keep: 'Хранить файлы',
  keepAsMessages: 'Столько же, сколько сообщения',
};
