import type { ErrorBody, RequestInput, RequestName, RequestResult } from '../../../contract/index.ts';
import { CanopyError, type ErrorCode } from '../../../contract/light.ts';
import { backoffMs } from '../backoff.ts';
import { toBase64 } from '../bytes.ts';

/** A file to send. */
export interface NewFile {
  data: Blob;
  /** Default: that of a `File`, else “file”. */
  name?: string;
  /** Media type. Default: that of the blob. */
  type?: string;
  /** Of a picture, in pixels. */
  width?: number;
  height?: number;
  /** A small JPEG of at most 16 KiB and 400 pixels per side. */
  thumbnail?: Uint8Array;
}

/** The bytes to upload. */
export interface UploadSource {
  /** In bytes. */
  readonly size: number;
  /** Base64. */
  readonly thumbnail: string | undefined;
  /** The bytes from `from` to before `to`, or to the end. The same each time. */
  read(from: number, to: number): Promise<Blob>;
}

export interface FileUploadHost {
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>>;
  /** The absolute URL of a path on the server. */
  url(path: string): string;
  changed(upload: FileUpload): void;
  /** What is uploaded of a file where that is not the file itself. */
  source(upload: FileUpload): Promise<UploadSource> | undefined;
}

/** `waiting`: others go first. `failed`: it goes on only by retry(). */
export type FileUploadState = 'waiting' | 'uploading' | 'done' | 'failed' | 'cancelled';

const BACKOFF = { firstMs: 1000, mostMs: 10_000 };
/** Bytes per request: as many as take about a second, so that progress shows, and little is lost with a connection. */
const MIN_SLICE_BYTES = 65_536;
const FIRST_SLICE_BYTES = 262_144;
const MAX_SLICE_BYTES = 4_194_304;
const SLICE_MS = 1000;
/** The server ends a request that takes 15 s; what arrived counts. */
const REQUEST_MS = 20_000;
/** After these errors an upload goes on by itself. */
const TEMPORARY: ReadonlySet<ErrorCode> = new Set([
  'CONNECTION_LOST',
  'REQUEST_TIMEOUT',
  'RATE_LIMITED',
  'ROOM_NOT_JOINED',
  'SERVER_CLOSING',
  'SERVER_BUSY',
  'STORE_BUSY',
  'STORE_UNAVAILABLE',
  'FILE_OFFSET',
  'FILE_TICKET_INVALID',
]);

/** A file on its way to the server. After a lost connection it continues where it was. */
export class FileUpload {
  readonly fileId = crypto.randomUUID();
  readonly file: NewFile;
  readonly #host: FileUploadHost;
  #state: FileUploadState = 'waiting';
  #source: UploadSource | undefined;
  #sentBytes = 0;
  #error: CanopyError | undefined;
  #sliceBytes = FIRST_SLICE_BYTES;
  /** Ends the pause before the next attempt. */
  #endPause: (() => void) | undefined;
  #request: AbortController | undefined;

  /** @internal */
  constructor(host: FileUploadHost, file: NewFile) {
    this.#host = host;
    this.file = file;
  }

  get name(): string {
    return this.file.name ?? ('name' in this.file.data ? String(this.file.data.name) : 'file');
  }

  /** In bytes. */
  get size(): number {
    return this.file.data.size;
  }

  get state(): FileUploadState {
    return this.#state;
  }

  /** Bytes of the file that the server has. */
  get sentBytes(): number {
    const total = this.#source?.size ?? this.size;
    return total === this.size ? this.#sentBytes : Math.floor((this.#sentBytes / total) * this.size);
  }

  /** Why it failed. */
  get error(): CanopyError | undefined {
    return this.#error;
  }

  /** The description of the file for `chat.send`. */
  get description(): NonNullable<RequestInput<'chat.send'>['files']>[number] {
    const { type = this.file.data.type, width, height } = this.file;
    return {
      fileId: this.fileId,
      name: this.name,
      // Without parameters such as a charset.
      ...(/^[a-z]+\/[a-z0-9][a-z0-9.+-]*$/.test(type) && { type }),
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
    };
  }

  /** @internal Sends the file. Resolves when it is done, failed or cancelled. */
  async run(): Promise<void> {
    if (this.#state !== 'waiting') {
      return;
    }
    this.#set('uploading');
    for (let attempt = 0; this.state === 'uploading'; attempt += 1) {
      const before = this.#sentBytes;
      try {
        await this.#send();
        this.#set('done');
      } catch (cause) {
        const error = CanopyError.from(cause);
        if (!TEMPORARY.has(error.code)) {
          this.#fail(error);
          return;
        }
        attempt = this.#sentBytes > before ? 0 : attempt;
        await this.#pause(backoffMs(attempt, BACKOFF));
      }
    }
  }

  /** Continues a failed upload. */
  retry(): void {
    if (this.#state === 'failed') {
      this.#error = undefined;
      this.#set('waiting');
    }
  }

  /** Stops the upload, and deletes what the server has unless it was sent. */
  cancel(): void {
    const { fileId } = this;
    const mayBeThere = this.#state !== 'waiting' && this.#state !== 'cancelled';
    this.close();
    if (mayBeThere) {
      this.#host.request('file.cancel', { fileId }).catch(() => {});
    }
  }

  /** @internal Tries again now: the network has changed, and what is on its way may be lost. */
  hurry(): void {
    this.#request?.abort();
    this.#endPause?.();
  }

  /** @internal Stops the upload. */
  close(): void {
    if (this.#state !== 'done' && this.#state !== 'cancelled') {
      this.#set('cancelled');
    }
    this.hurry();
  }

  async #send(): Promise<void> {
    const { fileId } = this;
    this.#source ??= (await this.#host.source(this)) ?? plainSource(this.file);
    const { size, thumbnail } = this.#source;
    const { received, url } = await this.#host.request('file.start', {
      fileId,
      size,
      ...(thumbnail !== undefined && { thumbnail }),
    });
    this.#received(received);
    while (this.#sentBytes < size && this.#state === 'uploading') {
      const from = this.#sentBytes;
      const beganMs = performance.now();
      const body = await this.#source.read(from, from + this.#sliceBytes);
      this.#received(await this.#put(`${url}&offset=${from}`, body));
      const isFast = performance.now() - beganMs < SLICE_MS;
      this.#sliceBytes = isFast
        ? Math.min(MAX_SLICE_BYTES, this.#sliceBytes * 2)
        : Math.max(MIN_SLICE_BYTES, this.#sliceBytes / 2);
    }
  }

  /** Sends a slice. Returns the number of bytes that the server has. */
  async #put(path: string, bytes: Blob): Promise<number> {
    this.#request = new AbortController();
    let body: { received?: number; error?: ErrorBody } | undefined;
    try {
      const response = await fetch(this.#host.url(path), {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream' },
        body: bytes,
        signal: AbortSignal.any([this.#request.signal, AbortSignal.timeout(REQUEST_MS)]),
      });
      body = await response.json();
    } catch (cause) {
      throw new CanopyError('CONNECTION_LOST', undefined, { cause });
    }
    if (body?.received === undefined) {
      throw body?.error ? CanopyError.fromBody(body.error) : new CanopyError('CONNECTION_LOST');
    }
    return body.received;
  }

  #received(bytes: number): void {
    this.#sentBytes = bytes;
    this.#host.changed(this);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = undefined;
  }

  #fail(error: CanopyError): void {
    if (this.#state === 'uploading') {
      this.#error = error;
      this.#set('failed');
    }
  }

  #set(state: FileUploadState): void {
    // A cancelled upload stays so.
    if (this.#state !== 'cancelled') {
      this.#state = state;
      this.#host.changed(this);
    }
  }
}

function plainSource({ data, thumbnail }: NewFile): UploadSource {
  return {
    size: data.size,
    thumbnail: thumbnail && toBase64(thumbnail),
    read: async (from, to) => data.slice(from, to),
  };
}
