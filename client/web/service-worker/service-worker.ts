/** Shows what the server sends by Web Push while no page is open. The page works without it; it caches nothing. */
import { TEXTS } from './texts.ts';

/** What the server sends; see signaling/kernel/away.ts. */
interface Notice {
  kind: 'call' | 'missed-call' | 'mention';
  from: string;
  roomId?: string;
  roomTitle?: string;
}

/** The parts of the service worker's scope that are used (W3C Service Workers, Push API). */
interface Scope {
  registration: { showNotification(title: string, options: NotificationOptions): Promise<void> };
  clients: {
    matchAll(options: { type: 'window'; includeUncontrolled: true }): Promise<WindowClient[]>;
    openWindow(url: string): Promise<unknown>;
  };
  location: Location;
  addEventListener(
    type: 'push',
    listener: (event: Waiting & { data: { json(): Notice } | null }) => void,
  ): void;
  addEventListener(
    type: 'notificationclick',
    listener: (event: Waiting & { notification: Notification }) => void,
  ): void;
}

interface Waiting {
  waitUntil(work: Promise<unknown>): void;
}

interface WindowClient {
  visibilityState: DocumentVisibilityState;
  focus(): Promise<unknown>;
  navigate(url: string): Promise<unknown>;
}

const scope = globalThis as unknown as Scope;
const texts = TEXTS[new URL(scope.location.href).searchParams.get('lang') === 'ru' ? 'ru' : 'en'];

const windows = () => scope.clients.matchAll({ type: 'window', includeUncontrolled: true });

scope.addEventListener('push', (event) => {
  const notice = event.data?.json();
  if (notice) {
    event.waitUntil(show(notice));
  }
});

scope.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(String(event.notification.data)));
});

async function show({ kind, from, roomId, roomTitle }: Notice): Promise<void> {
  // A page that is seen shows it itself.
  if ((await windows()).some(({ visibilityState }) => visibilityState === 'visible')) {
    return;
  }
  const room = roomTitle ?? roomId;
  await scope.registration.showNotification(
    kind === 'call' ? texts.call(from) : kind === 'mention' ? texts.mention(from) : texts.missedCall(from),
    {
      ...(kind === 'mention' && room !== undefined && { body: texts.inRoom(room) }),
      // A missed call takes the place of the one that rang.
      tag: kind === 'mention' ? `mention ${roomId}` : `call ${from}`,
      icon: 'icon.svg',
      requireInteraction: kind === 'call',
      data: kind === 'mention' && roomId !== undefined ? `#/room/${encodeURIComponent(roomId)}` : '#/',
    },
  );
}

/** Shows a page that is open, or opens one. */
async function open(fragment: string): Promise<void> {
  const [page] = await windows();
  if (page && fragment === '#/') {
    await page.focus();
  } else {
    await scope.clients.openWindow(`./${fragment}`);
  }
}
