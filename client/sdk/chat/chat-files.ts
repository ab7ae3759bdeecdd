import type { RequestInput, RequestName, RequestResult } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { FileUpload, type NewFile } from './file-upload.ts';
import type { SealedChat } from './sealed/index.ts';

export interface ChatFilesHost {
  readonly roomId: string;
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>>;
  /** The absolute URL of a path on the server. */
  url(path: string): string;
  /** An upload has changed. */
  changed(): void;
  /** What encrypts the files; undefined if the room is not encrypted. */
  sealed(): Promise<SealedChat> | undefined;
}

/** Uploads that run at the same time. */
const AT_ONCE = 2;
/** Thumbnails that are remembered. */
const MAX_THUMBNAILS = 500;

/** The files of a chat: those that this user sends, and those in messages. */
export class ChatFiles {
  readonly #host: ChatFilesHost;
  readonly #uploads = new Set<FileUpload>();
  /** Data URLs by file; in encrypted rooms by what the thumbnail contains, since members can give files of theirs the ids of others. */
  readonly #thumbnails = new Map<string, Promise<string>>();
  #running = 0;

  constructor(host: ChatFilesHost) {
    this.#host = host;
  }

  /** Starts to upload a file. */
  upload(file: NewFile): FileUpload {
    const { request, url } = this.#host;
    const upload = new FileUpload(
      {
        request: (name, data) => request(name, data),
        url: (path) => url(path),
        changed: ({ state }) => {
          if (state === 'waiting') {
            this.#next();
          } else if (state === 'cancelled') {
            this.#uploads.delete(upload);
            void this.#host.sealed()?.then((sealed) => sealed.forget(upload.fileId));
          }
          this.#host.changed();
        },
        source: ({ fileId, file }) => this.#host.sealed()?.then((sealed) => sealed.source(fileId, file)),
      },
      file,
    );
    this.#uploads.add(upload);
    this.#next();
    return upload;
  }

  /** Where to get a file; valid for a minute. In encrypted rooms, it has been fetched and decrypted. */
  async open(seq: number, fileId: string): Promise<string> {
    const sealed = await this.#host.sealed();
    const find = () => this.#url(seq, fileId);
    return sealed ? sealed.openUrl(await sealed.fileOf(seq, fileId), find) : find();
  }

  /** The content of a file. */
  async download(seq: number, fileId: string): Promise<Blob> {
    const sealed = await this.#host.sealed();
    const file = await sealed?.fileOf(seq, fileId);
    const url = await this.#url(seq, fileId);
    if (sealed && file) {
      return sealed.openFile(url, file);
    }
    const response = await fetch(url).catch((cause: unknown) => {
      throw new CanopyError('CONNECTION_LOST', undefined, { cause });
    });
    if (!response.ok) {
      throw new CanopyError('FILE_UNKNOWN', `HTTP ${response.status}`);
    }
    return response.blob();
  }

  /** A small picture of a file, as a data URL. */
  async thumbnail(seq: number, fileId: string): Promise<string> {
    const sealed = await this.#host.sealed();
    const file = await sealed?.fileOf(seq, fileId);
    const key = file ? `${file.thumbnail} ${file.key}` : fileId;
    const known = this.#thumbnails.get(key);
    if (known) {
      return known;
    }
    const loading = this.#thumbnail(seq, fileId, async (thumbnail) =>
      sealed && file ? sealed.openThumbnail(thumbnail, file) : thumbnail,
    );
    loading.catch(() => this.#thumbnails.delete(key));
    this.#thumbnails.set(key, loading);
    const [oldest] = this.#thumbnails.keys();
    if (this.#thumbnails.size > MAX_THUMBNAILS && oldest !== undefined) {
      this.#thumbnails.delete(oldest);
    }
    return loading;
  }

  /** The connection is back: uploads continue at once. */
  entered(): void {
    for (const upload of this.#uploads) {
      upload.hurry();
    }
  }

  close(): void {
    for (const upload of this.#uploads) {
      upload.close();
    }
    this.#uploads.clear();
  }

  async #url(seq: number, fileId: string): Promise<string> {
    const { roomId } = this.#host;
    const { url } = await this.#host.request('file.open', { roomId, seq, fileId });
    return this.#host.url(url);
  }

  async #thumbnail(seq: number, fileId: string, open: (thumbnail: string) => Promise<string>) {
    const { roomId } = this.#host;
    const { thumbnail } = await this.#host.request('file.thumbnail', { roomId, seq, fileId });
    return `data:image/jpeg;base64,${await open(thumbnail)}`;
  }

  #next(): void {
    for (const upload of this.#uploads) {
      if (this.#running >= AT_ONCE) {
        return;
      }
      if (upload.state === 'waiting') {
        this.#running += 1;
        void upload.run().finally(() => {
          this.#running -= 1;
          if (upload.state === 'done') {
            this.#uploads.delete(upload);
          }
          this.#next();
        });
      }
    }
  }
}
