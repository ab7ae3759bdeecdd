import type { RequestInput, RequestName, RequestResult } from '../../../contract/index.ts';
import { FileUpload, type NewFile } from './file-upload.ts';

export interface ChatFilesHost {
  readonly roomId: string;
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>>;
  /** The absolute URL of a path on the server. */
  url(path: string): string;
  /** An upload has changed. */
  changed(): void;
}

/** Uploads that run at the same time. */
const AT_ONCE = 2;
/** Thumbnails that are remembered. */
const MAX_THUMBNAILS = 500;

/** The files of a chat: those that this user sends, and those in messages. */
export class ChatFiles {
  readonly #host: ChatFilesHost;
  readonly #uploads = new Set<FileUpload>();
  /** Data URLs by file. */
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
          }
          this.#host.changed();
        },
      },
      file,
    );
    this.#uploads.add(upload);
    this.#next();
    return upload;
  }

  /** Where to get a file; valid for a minute. */
  async open(seq: number, fileId: string): Promise<string> {
    const { roomId } = this.#host;
    const { url } = await this.#host.request('file.open', { roomId, seq, fileId });
    return this.#host.url(url);
  }

  /** A small picture of a file, as a data URL. */
  thumbnail(seq: number, fileId: string): Promise<string> {
    const known = this.#thumbnails.get(fileId);
    if (known) {
      return known;
    }
    const { roomId } = this.#host;
    const loading = this.#host
      .request('file.thumbnail', { roomId, seq, fileId })
      .then(({ thumbnail }) => `data:image/jpeg;base64,${thumbnail}`);
    loading.catch(() => this.#thumbnails.delete(fileId));
    this.#thumbnails.set(fileId, loading);
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
