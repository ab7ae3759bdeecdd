/** What notifications say. Apart from the page's strings, since a service worker cannot share modules with the page in every browser. */
export interface Texts {
  call: (from: string) => string;
  missedCall: (from: string) => string;
  mention: (from: string) => string;
  inRoom: (room: string) => string;
}

export const TEXTS: Record<'en' | 'ru', Texts> = {
  en: {
    call: (from) => `${from} is calling`,
    missedCall: (from) => `Missed call from ${from}`,
    mention: (from) => `${from} mentioned you`,
    inRoom: (room) => `In the chat of ${room}`,
  },
  ru: {
    call: (from) => `Вам звонит ${from}`,
    missedCall: (from) => `Пропущенный звонок: ${from}`,
    mention: (from) => `Вас упоминает ${from}`,
    inRoom: (room) => `В чате комнаты «${room}»`,
  },
};
