import type { CreatedMeeting, FromCreation, ToCreation } from './messages.ts';

const WINDOW_FEATURES = 'popup,width=480,height=560';

/** How often to check whether the person has closed the window, in milliseconds: browsers send no event for it. */
const CLOSED_CHECK_MS = 500;

export interface CreateMeetingOptions {
  /** Address of the Canopy server, e.g. `https://meet.example`. */
  server: string;
  /** A title for the meeting, which the person may change. */
  title?: string;
}

/**
 * Lets the person create a meeting in a window of the server, and resolves with the link to it, or with undefined if they decide against it.
 * Call it while handling a click, or the browser blocks the window. The server has to list this page's origin in `server.embedders`.
 *
 * @throws {Error} the browser blocked the window
 */
export function createMeeting({ server, title }: CreateMeetingOptions): Promise<CreatedMeeting | undefined> {
  const { origin } = new URL(server);
  const opened = window.open(`${origin}/create-meeting`, '_blank', WINDOW_FEATURES);
  if (!opened) {
    return Promise.reject(new Error('the browser blocked the window'));
  }
  return new Promise((resolve) => {
    const finish = (meeting: CreatedMeeting | undefined) => {
      clearInterval(watch);
      removeEventListener('message', receive);
      resolve(meeting);
    };
    const receive = ({ source, origin: from, data }: MessageEvent) => {
      if (source !== opened || from !== origin || data?.canopy !== 1) {
        return;
      }
      const message = data as FromCreation;
      if (message.creation === 'ready') {
        const wanted: ToCreation = { canopy: 1, creation: 'wanted', ...(title !== undefined && { title }) };
        opened.postMessage(wanted, origin);
      } else if (message.creation === 'created') {
        finish({ url: message.url, roomId: message.roomId, title: message.title });
      } else {
        finish(undefined);
      }
    };
    const watch = setInterval(() => opened.closed && finish(undefined), CLOSED_CHECK_MS);
    addEventListener('message', receive);
  });
}
