import { useSignalEffect } from '@preact/signals';
import type { AppModel } from '../model/index.ts';
import { strings } from '../strings/index.ts';

/** Shows in the browser's title where the user is: in a room, with the number of unread messages, or waiting for one. */
export function usePageTitle(model: AppModel): void {
  // In one place: a screen that goes would reset the title of the one that comes.
  useSignalEffect(() => {
    const where = placeOf(model);
    document.title = where === undefined ? 'Canopy' : `${where} – Canopy`;
  });
}

function placeOf({ screen, calls }: AppModel): string | undefined {
  const { value } = screen;
  const incoming = calls.incoming.value;
  if (incoming) {
    return strings.value.calls.isCalling(incoming.person.displayName);
  }
  if (value.name === 'room') {
    const { call } = value;
    const { messages } = call.chat.unread.value;
    const count = messages > 99 ? '99+' : messages;
    return `${messages > 0 ? `(${count}) ` : ''}${call.name}`;
  }
  if (value.name === 'door') {
    const { door } = value;
    const stage = door.stage.value;
    return stage === 'waiting' || stage === 'entering' ? strings.value.door.waitingTitle : door.title;
  }
  if (value.name === 'home' && calls.missed.value > 0) {
    return strings.value.calls.missedCount(calls.missed.value);
  }
  return value.name === 'lobby' ? value.title : undefined;
}
