import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type {
  Chat,
  ChatFile,
  ChatMessage,
  FileUpload,
  PendingMessage,
  Room,
  UnreadableCounts,
  UnreadCounts,
} from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';
import { saveUrl } from '../basics/save-file.ts';
import { Attachments } from './attachments.ts';
import { messageSummary } from './chat-text.ts';

/** How long a new message is shown over the call while the chat is closed, and one that mentions the user, in milliseconds. */
const TOAST_MS = 6000;
const MENTION_TOAST_MS = 15_000;
const NOTIFY_KEY = 'canopy.chat.notifications';

/** Someone who can be mentioned. */
export interface Mentionable {
  accountId: string;
  displayName: string;
}

export interface ChatModelOptions {
  room: Room;
  /** This user's account. */
  accountId: string;
  /** Whether the chat is on the screen. */
  isOpen: ReadonlySignal<boolean>;
  open(): void;
  notices: Notices;
}

/** The chat of a call as the page shows it. What the user has typed stays here while the panel is closed. */
export class ChatModel {
  readonly chat: Chat;
  readonly accountId: string;
  /** Files of the message that is being written. */
  readonly attachments: Attachments;
  readonly messages = signal<readonly ChatMessage[]>([]);
  readonly pending = signal<readonly PendingMessage[]>([]);
  readonly unread = signal<UnreadCounts>({ messages: 0, mentions: 0 });
  readonly hasOlder = signal(false);
  /** Messages that this device cannot read; undefined if the chat is not encrypted. */
  readonly unreadable = signal<UnreadableCounts | undefined>(undefined);
  readonly maySend = signal(true);
  readonly maySendFiles = signal(false);
  readonly mayModerate = signal(false);
  /** Changes with each portion of a file that has been sent. */
  readonly #uploadProgress = signal(0);
  readonly state = signal<'loading' | 'ready' | 'failed'>('loading');
  /** Names of others who are writing. */
  readonly typing = signal<readonly string[]>([]);
  /** The latest message, while it is shown over the call. */
  readonly toast = signal<{ message: ChatMessage; isMention: boolean } | undefined>(undefined);
  /** `seq` after which messages are new to the user. */
  readonly newAfter = signal<number | undefined>(undefined);
  readonly draft = signal('');
  readonly replyingTo = signal<ChatMessage | undefined>(undefined);
  readonly editing = signal<ChatMessage | undefined>(undefined);
  /** Whether messages notify the user while the page is hidden. */
  readonly notifies = signal(readNotifies());
  /** Names of authors, by account. */
  readonly #authors = computed(
    () =>
      new Map(
        this.messages.value.flatMap(({ author }) =>
          author ? [[author.accountId, author.displayName] as const] : [],
        ),
      ),
  );
  readonly #options: ChatModelOptions;
  /** Whether the newest message is in view. */
  #isAtEnd = true;
  /** Accounts mentioned in the draft, by name. */
  readonly #mentioned = new Map<string, string>();
  #toastTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #stop: Array<() => void> = [];

  constructor(options: ChatModelOptions) {
    const { room, accountId, isOpen } = options;
    this.#options = options;
    this.chat = room.chat;
    this.accountId = accountId;
    this.attachments = new Attachments(room.chat, options.notices);
    const visibility = () => this.#read();
    document.addEventListener('visibilitychange', visibility);
    this.#stop.push(
      () => document.removeEventListener('visibilitychange', visibility),
      this.chat.on('changed', () => this.#refresh()),
      this.chat.on('message', (message, isMention) => this.#arrived(message, isMention)),
      effect(() => {
        if (isOpen.value) {
          const { unread, readSeq } = this.chat;
          this.newAfter.value = unread.messages > 0 ? readSeq : undefined;
          this.dismissToast();
        } else {
          this.newAfter.value = undefined;
          this.#isAtEnd = true;
        }
      }),
    );
    this.#refresh();
  }

  /** Reports whether the newest message is in view: then it counts as read. */
  setAtEnd(isAtEnd: boolean): void {
    this.#isAtEnd = isAtEnd;
    this.#read();
  }

  isOwn(message: ChatMessage): boolean {
    return message.author?.accountId === this.accountId;
  }

  /** Sends what the user has typed, or saves the message that they edit. */
  async submit(): Promise<void> {
    const text = this.draft.value.trim();
    const edited = this.editing.value;
    const hasFiles = (edited?.files ?? this.attachments.list.value).length > 0;
    if (text === '' && !hasFiles) {
      return;
    }
    const mentions = [...this.#mentioned].flatMap(([name, id]) => (text.includes(`@${name}`) ? [id] : []));
    const replyTo = this.replyingTo.value?.seq;
    if (edited) {
      const before = edited.mentions.filter((id) => {
        const name = this.nameOf(id);
        return name !== undefined && text.includes(`@${name}`);
      });
      this.#clearDraft();
      await this.try(() => this.chat.edit(edited.seq, text, [...new Set([...before, ...mentions])]));
      return;
    }
    this.#clearDraft();
    this.newAfter.value = undefined;
    const files = this.attachments.take();
    this.chat.send({
      text,
      mentions,
      ...(replyTo !== undefined && { replyTo }),
      ...(files.length > 0 && { files }),
    });
  }

  /** Puts a message into the composer to change it. */
  edit(message: ChatMessage): void {
    this.#clearDraft();
    this.editing.value = message;
    this.draft.value = message.text;
  }

  /** Edits the user's latest message. Returns false if there is none. */
  editLast(): boolean {
    const last = this.messages.value.findLast((each) => this.isOwn(each) && each.gone === undefined);
    if (last) {
      this.edit(last);
    }
    return last !== undefined;
  }

  reply(message: ChatMessage): void {
    if (this.editing.value) {
      this.#clearDraft();
    }
    this.replyingTo.value = message;
  }

  /** Stops editing or replying. */
  cancel(): void {
    if (this.editing.value) {
      this.#clearDraft();
    }
    this.replyingTo.value = undefined;
  }

  /** The user has chosen somebody to mention. */
  mention({ accountId, displayName }: Mentionable): void {
    this.#mentioned.set(displayName, accountId);
  }

  /** People whose name contains a word that begins with this, by name. */
  mentionable(start: string): Mentionable[] {
    const wanted = start.toLocaleLowerCase();
    return [...this.#people()]
      .map(([accountId, displayName]) => ({ accountId, displayName }))
      .filter(
        ({ accountId, displayName }) =>
          accountId !== this.accountId && ` ${displayName.toLocaleLowerCase()}`.includes(` ${wanted}`),
      )
      .sort((a, b) => a.displayName.localeCompare(b.displayName))
      .slice(0, 6);
  }

  /** The name of an account, as far as this page has seen it. */
  nameOf(accountId: string): string | undefined {
    for (const participant of this.#options.room.participants.values()) {
      if (participant.accountId === accountId && participant.kind === 'user') {
        return participant.displayName;
      }
    }
    return this.#authors.value.get(accountId);
  }

  /** Turns notifications on, if the user permits them, or off. */
  async setNotifies(on: boolean): Promise<void> {
    const isPermitted = on && (await Notification.requestPermission()) === 'granted';
    if (on && !isPermitted) {
      this.#options.notices.warn(strings.value.chat.notificationsBlocked);
    }
    this.notifies.value = isPermitted;
    try {
      localStorage.setItem(NOTIFY_KEY, isPermitted ? 'on' : 'off');
    } catch {
      // Storage may be full or blocked; the choice then lasts for this visit.
    }
  }

  dismissToast(): void {
    clearTimeout(this.#toastTimer);
    this.toast.value = undefined;
  }

  openFromToast(): void {
    this.#options.open();
  }

  /** An upload whose progress is shown: the view that calls this is drawn again when it changes. */
  watched(upload: FileUpload): FileUpload {
    void this.#uploadProgress.value;
    return upload;
  }

  /** Saves a file of a message on the user's device. */
  async saveFile(seq: number, { fileId, name }: Pick<ChatFile, 'fileId' | 'name'>): Promise<void> {
    await this.try(async () => saveUrl(await this.chat.openFile(seq, fileId), name));
  }

  /** Shows a notice. */
  say(text: string): void {
    this.#options.notices.say(text);
  }

  /** Reports a failure as a notice. */
  try(act: () => Promise<unknown>): Promise<boolean> {
    return this.#options.notices.attempt(act);
  }

  close(): void {
    clearTimeout(this.#toastTimer);
    for (const stop of this.#stop.splice(0)) {
      stop();
    }
  }

  #refresh(): void {
    const { chat } = this;
    this.messages.value = chat.messages;
    this.pending.value = chat.pending;
    this.hasOlder.value = chat.hasOlder;
    const { locked, refused } = chat.unreadable;
    const was = this.unreadable.peek();
    if (chat.isEncrypted && (was?.locked !== locked || was.refused !== refused)) {
      this.unreadable.value = { locked, refused };
    }
    this.maySend.value = chat.maySend;
    this.maySendFiles.value = chat.maySendFiles;
    this.mayModerate.value = chat.mayModerate;
    this.#uploadProgress.value += 1;
    this.state.value = chat.isLoaded ? 'ready' : chat.error ? 'failed' : 'loading';
    this.typing.value = chat.typing.flatMap(
      (id) => this.#options.room.participants.get(id)?.displayName ?? [],
    );
    // An edited or quoted message may be gone by now.
    const current = (message: ChatMessage | undefined) =>
      message && chat.messages.find(({ seq }) => seq === message.seq);
    if (current(this.editing.value)?.gone !== undefined) {
      this.#clearDraft();
    }
    if (current(this.replyingTo.value)?.gone !== undefined) {
      this.replyingTo.value = undefined;
    }
    this.#read();
    this.unread.value = chat.unread;
  }

  #arrived(message: ChatMessage, isMention: boolean): void {
    const { isOpen } = this.#options;
    if (document.hidden) {
      this.#notify(message);
    }
    if (!isOpen.value) {
      clearTimeout(this.#toastTimer);
      // A later message does not hide one that mentions the user.
      if (isMention || !this.toast.value?.isMention) {
        this.toast.value = { message, isMention };
      }
      const ms = this.toast.value?.isMention ? MENTION_TOAST_MS : TOAST_MS;
      this.#toastTimer = setTimeout(() => this.dismissToast(), ms);
    } else if (!this.#isReading && this.newAfter.value === undefined) {
      this.newAfter.value = this.chat.readSeq;
    }
  }

  /** Shows a notification of the system. */
  #notify(message: ChatMessage): void {
    if (!this.notifies.value || Notification.permission !== 'granted') {
      return;
    }
    try {
      const notification = new Notification(message.author?.displayName ?? strings.value.common.someone, {
        body: messageSummary(message),
        // A newer one replaces it.
        tag: `canopy-chat-${this.#options.room.roomId}`,
      });
      notification.onclick = () => {
        window.focus();
        this.#options.open();
        notification.close();
      };
    } catch {
      // Some mobile browsers show notifications of service workers only.
    }
  }

  get #isReading(): boolean {
    return this.#options.isOpen.value && this.#isAtEnd && !document.hidden;
  }

  #read(): void {
    const last = this.chat.messages.at(-1);
    if (last && this.#isReading) {
      this.chat.markRead(last.seq);
    }
  }

  #clearDraft(): void {
    this.draft.value = '';
    this.editing.value = undefined;
    this.replyingTo.value = undefined;
    this.#mentioned.clear();
  }

  /** Names by account: of those in the room, and of authors who have left. */
  #people(): Map<string, string> {
    const people = new Map(this.#authors.value);
    for (const { accountId, displayName, kind } of this.#options.room.participants.values()) {
      if (kind === 'user') {
        people.set(accountId, displayName);
      }
    }
    return people;
  }
}

/** Whether this browser can show notifications. */
export const canNotify = 'Notification' in globalThis;

function readNotifies(): boolean {
  try {
    return canNotify && Notification.permission === 'granted' && localStorage.getItem(NOTIFY_KEY) === 'on';
  } catch {
    return false;
  }
}

/** Whether the chat is the open panel. */
export function isChatOpen(panel: ReadonlySignal<string | undefined>): ReadonlySignal<boolean> {
  return computed(() => panel.value === 'chat');
}
