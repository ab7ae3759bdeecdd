import { signal } from '@preact/signals';
import type { FromCreation } from '../../../embed/index.ts';
import { CanopyError, type Client, displayable, mayEmbed } from '../../../sdk/index.ts';
import { roomUrl } from './route.ts';

const PATH = '/create-meeting';

/** `waiting`: nothing has been heard of the site that opened this window. `refused`: the server does not create meetings for it. */
export type MeetingRequestStage = 'waiting' | 'asking' | 'refused';

/** Whether another site opened this page in a window to get a meeting. */
export function isMeetingRequested(): boolean {
  return location.pathname === PATH && window.opener !== null;
}

/** Another site asks the user for a meeting (docs/embedding.md). */
export class MeetingRequest {
  readonly stage = signal<MeetingRequestStage>('waiting');
  /** The site's host. */
  readonly site = signal('');
  readonly title = signal('');
  readonly busy = signal(false);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #connect: () => Promise<Client>;
  #origin: string | undefined;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /** Waits for the site to say what it wants, until the returned function is called. */
  start(): () => void {
    const receive = ({ source, origin, data }: MessageEvent) => {
      if (source === window.opener && data?.canopy === 1 && data.creation === 'wanted') {
        void this.#wanted(origin, data.title);
      }
    };
    addEventListener('message', receive);
    // Anyone may have opened this window, so this says nothing more.
    this.#post({ canopy: 1, creation: 'ready' }, '*');
    return () => removeEventListener('message', receive);
  }

  /** Makes the room and its link, gives the site the link, and closes the window. */
  async create(): Promise<void> {
    this.busy.value = true;
    this.problem.value = undefined;
    try {
      const client = await this.#connect();
      const title = displayable(this.title.value);
      const { roomId } = await client.rooms.create(title === '' ? {} : { title });
      const { url } = await client.roomLinks.create(roomId);
      this.#answer({
        canopy: 1,
        creation: 'created',
        url: url ?? roomUrl(client.linkOrigin, roomId),
        roomId,
        title: title === '' ? null : title,
      });
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    } finally {
      this.busy.value = false;
    }
  }

  cancel(): void {
    this.#answer({ canopy: 1, creation: 'cancelled' });
  }

  async #wanted(origin: string, title: unknown): Promise<void> {
    if (this.#origin !== undefined || !URL.canParse(origin)) {
      return;
    }
    this.#origin = origin;
    this.site.value = new URL(origin).host;
    try {
      const allowed = await mayEmbed({ serverUrl: location.origin, embedder: origin });
      this.stage.value = allowed ? 'asking' : 'refused';
      this.title.value = typeof title === 'string' ? displayable(title).slice(0, 128) : '';
    } catch (error) {
      this.#origin = undefined;
      this.problem.value = CanopyError.from(error);
    }
  }

  #answer(message: FromCreation): void {
    if (this.#origin !== undefined) {
      this.#post(message, this.#origin);
    }
    window.close();
  }

  #post(message: FromCreation, targetOrigin: string): void {
    (window.opener as Window | null)?.postMessage(message, targetOrigin);
  }
}
