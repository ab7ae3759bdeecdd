import { useEffect } from 'preact/hooks';
import type { Call } from '../model/index.ts';

/** Shows the room in the browser's title, with the number of unread messages. */
export function PageTitle({ call }: { call: Call }) {
  const { messages } = call.chat.unread.value;
  const name = call.info.value.title ?? call.room.roomId;
  useEffect(() => {
    const count = messages > 99 ? '99+' : messages;
    document.title = `${messages > 0 ? `(${count}) ` : ''}${name} – Canopy`;
  }, [name, messages]);
  useEffect(
    () => () => {
      document.title = 'Canopy';
    },
    [],
  );
  return null;
}
