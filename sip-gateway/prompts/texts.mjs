/** What callers hear, by language and name. Spoken by espeak-ng; its voices have the languages' names. */
export const TEXTS = {
  en: {
    'enter-pin': 'Please enter the PIN of the conference, then press the pound key.',
    'wrong-pin': 'This PIN is not right.',
    goodbye: 'This PIN is not right. Goodbye.',
    alone: 'You are the only one here.',
    joined: 'You have joined the conference.',
    muted: 'You are muted.',
    unmuted: 'You can be heard again.',
    'stay-muted': 'A moderator has muted you. Press star nine to ask to speak.',
    'may-speak': 'You may speak now. Press star six to unmute.',
    'hand-raised': 'Your hand is raised.',
    'hand-lowered': 'Your hand is lowered.',
  },
  ru: {
    'enter-pin': 'Введите пин-код конференции и нажмите решётку.',
    'wrong-pin': 'Неверный пин-код.',
    goodbye: 'Неверный пин-код. До свидания.',
    alone: 'Кроме вас здесь пока никого нет.',
    joined: 'Вы вошли в конференцию.',
    muted: 'Ваш микрофон выключен.',
    unmuted: 'Вас снова слышно.',
    'stay-muted': 'Ведущий отключил ваш микрофон. Чтобы попросить слова, нажмите звёздочку и девять.',
    'may-speak': 'Вы можете говорить. Чтобы включить микрофон, нажмите звёздочку и шесть.',
    'hand-raised': 'Вы подняли руку.',
    'hand-lowered': 'Вы опустили руку.',
  },
};
