import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Client } from '../../../sdk/index.ts';
import { roomUrl } from '../../model/index.ts';

/** The link to a room that everyone can use; empty while it is fetched, and the room's address for people who may not invite. */
export function useRoomLink(roomId: string, connected: () => Promise<Client>): string {
  const link = useSignal('');
  useEffect(() => {
    let isCurrent = true;
    const show = (url: string) => {
      if (isCurrent) {
        link.value = url;
      }
    };
    connected()
      .then(async (client) => {
        const { url } = await client.roomLinks.obtain(roomId).catch(() => ({ url: null }));
        show(url ?? roomUrl(client.linkOrigin, roomId));
      })
      .catch(() => show(roomUrl(location.origin, roomId)));
    return () => {
      isCurrent = false;
    };
  }, [roomId]);
  return link.value;
}
