import type {
  FromMeeting,
  MeetingCommandName,
  MeetingCommands,
  MeetingEventName,
  MeetingEvents,
} from './messages.ts';

/** What an embedded meeting needs of the browser. */
const PERMISSIONS =
  'camera; microphone; display-capture; autoplay; fullscreen; picture-in-picture; clipboard-write; speaker-selection';

export interface EmbedOptions {
  /** Address of the meeting: a room link, an invitation or a room. */
  url: string;
  /** A name to suggest to someone who is asked for one. */
  name?: string;
}

type Listener<Name extends MeetingEventName> = (event: MeetingEvents[Name]) => void;

/** Why a command failed. `code` is from docs/errors.md. */
export class MeetingError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'MeetingError';
    this.code = code;
  }
}

/** A meeting inside another page: an iframe, its events and its commands. */
export class Meeting {
  readonly iframe: HTMLIFrameElement;
  readonly #origin: string;
  readonly #listeners = new Map<MeetingEventName, Set<(event: never) => void>>();
  readonly #pending = new Map<number, { resolve(): void; reject(error: MeetingError): void }>();
  readonly #receive = (message: MessageEvent) => this.#onMessage(message);
  #nextId = 1;

  /** Adds the meeting to an element, which it fills. @throws {TypeError} the address is not an absolute http(s) URL */
  constructor(parent: Element, { url, name }: EmbedOptions) {
    const { protocol, origin, href } = new URL(url);
    if (protocol !== 'https:' && protocol !== 'http:') {
      throw new TypeError(`${url} is not the address of a meeting`);
    }
    this.#origin = origin;
    this.iframe = document.createElement('iframe');
    this.iframe.src = href;
    this.iframe.allow = PERMISSIONS;
    this.iframe.title = 'Meeting';
    this.iframe.style.cssText = 'width: 100%; height: 100%; border: 0';
    addEventListener('message', this.#receive);
    if (name !== undefined) {
      this.on('ready', () => void this.send('setName', { name }).catch(() => {}));
    }
    parent.append(this.iframe);
  }

  /** Calls the listener at each event of this name, until the returned function is called. */
  on<Name extends MeetingEventName>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Sends a command; settles when the meeting has carried it out. @throws {MeetingError} the meeting refused, or was closed */
  send<Name extends MeetingCommandName>(command: Name, values: MeetingCommands[Name]): Promise<void> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.iframe.contentWindow?.postMessage({ canopy: 1, id, command, ...values }, this.#origin);
    });
  }

  setMicrophone(on: boolean): Promise<void> {
    return this.send('setMicrophone', { on });
  }

  setCamera(on: boolean): Promise<void> {
    return this.send('setCamera', { on });
  }

  leave(): Promise<void> {
    return this.send('leave', {});
  }

  /** Removes the meeting from the page, which also leaves the room. */
  close(): void {
    removeEventListener('message', this.#receive);
    this.iframe.remove();
    for (const { reject } of this.#pending.values()) {
      reject(new MeetingError('CLOSED', 'the meeting was removed from the page'));
    }
    this.#pending.clear();
    this.#listeners.clear();
  }

  #onMessage({ source, origin, data }: MessageEvent): void {
    if (source !== this.iframe.contentWindow || origin !== this.#origin || data?.canopy !== 1) {
      return;
    }
    const message = data as FromMeeting;
    if ('reply' in message) {
      const pending = this.#pending.get(message.reply);
      this.#pending.delete(message.reply);
      if (message.error) {
        pending?.reject(new MeetingError(message.error.code, message.error.message));
      } else {
        pending?.resolve();
      }
      return;
    }
    const { canopy, event, ...values } = message;
    for (const listener of this.#listeners.get(event) ?? []) {
      (listener as (event: object) => void)(values);
    }
  }
}

/** Puts a meeting into an element of the page. @throws {TypeError} the address is not an absolute http(s) URL */
export function embedMeeting(parent: Element, options: EmbedOptions): Meeting {
  return new Meeting(parent, options);
}
