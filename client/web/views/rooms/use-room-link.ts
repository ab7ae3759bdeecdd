import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Client } from '../../../sdk/index.ts';
import { roomUrl } from '../../model/index.ts';

/** The link to a room that everyone can use; empty while it is fetched, and the room's address for people who may not invite. */
export function useRoomLink(roomId: string, connected: () => Promise<Client>): string {
  const link = useSignal('');
  useEffect(() => {
    let isCurrent = true;
    const show = (url: string | null) => {
      if (isCurrent) {
        link.value = url ?? roomUrl(roomId);
      }
    };
    connected()
      .then((client) => client.roomLinks.obtain(roomId))
      .then(({ url }) => show(url))
      .catch(() => show(null));
    return () => {
      isCurrent = false;
    };
  }, [roomId]);
  return link.value;
}
