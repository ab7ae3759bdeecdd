import { type ReadonlySignal, signal } from '@preact/signals';
import type { Chat, FileUpload } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';
import { fileSize } from './file-size.ts';

/** Maximum number of files in a message. */
const MAX_FILES = 10;
/** Larger pictures get no thumbnail: decoding them would take too much memory. */
const MAX_DRAWN_BYTES = 50_000_000;

/** A file that the user has chosen for the next message. It is uploaded at once. */
export interface Attachment {
  upload: FileUpload;
  /** A small picture, as a data URL. */
  preview: string | undefined;
}

/** The files of the message that is being written. */
export class Attachments {
  readonly #list = signal<readonly Attachment[]>([]);
  readonly #chat: Chat;
  readonly #notices: Notices;

  constructor(chat: Chat, notices: Notices) {
    this.#chat = chat;
    this.#notices = notices;
  }

  get list(): ReadonlySignal<readonly Attachment[]> {
    return this.#list;
  }

  /** Adds files, and starts to upload them. Says which it cannot take. */
  async add(files: readonly File[]): Promise<void> {
    const { files: texts } = strings.peek();
    if (!this.#chat.maySendFiles) {
      this.#notices.warn(texts.notPermitted);
      return;
    }
    for (const file of files) {
      if (this.#list.value.length >= MAX_FILES) {
        this.#notices.warn(texts.tooMany(MAX_FILES));
        return;
      }
      const max = this.#chat.maxFileBytes;
      if (file.size > max) {
        this.#notices.warn(texts.tooLarge(file.name, fileSize(max)));
      } else if (file.size === 0 || !(await isReadable(file))) {
        this.#notices.warn(texts.empty(file.name));
      } else {
        await this.#add(file);
      }
    }
  }

  remove({ upload }: Attachment): void {
    this.#list.value = this.#list.value.filter((each) => each.upload !== upload);
    upload.cancel();
  }

  /** Hands the files over to a message. */
  take(): FileUpload[] {
    const uploads = this.#list.value.map(({ upload }) => upload);
    this.#list.value = [];
    return uploads;
  }

  async #add(file: File): Promise<void> {
    const isPicture = file.type.startsWith('image/') && file.size <= MAX_DRAWN_BYTES;
    const thumbnail = isPicture
      ? await (await import('./make-thumbnail.ts')).makeThumbnail(file).catch(() => undefined)
      : undefined;
    const upload = this.#chat.upload({
      data: file,
      ...(thumbnail && { thumbnail: thumbnail.bytes, width: thumbnail.width, height: thumbnail.height }),
    });
    const preview = thumbnail && `data:image/jpeg;base64,${toBase64(thumbnail.bytes)}`;
    this.#list.value = [...this.#list.value, { upload, preview }];
  }
}

/** A dropped folder looks like a file, but cannot be read. */
async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
