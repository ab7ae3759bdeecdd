import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ByteRange } from '../../../../kernel/index.ts';
import { networkError, type S3Body, S3Client } from './s3-client.ts';
import { S3Error } from './s3-error.ts';
import type { S3Location } from './s3-location.ts';
import { xmlEscaped, xmlTexts } from './xml.ts';

/** A part of an upload, as the storage has acknowledged it. */
export interface UploadedPart {
  /** As the storage has it. */
  etag: string;
  /** SHA-256 in hex. */
  sha256: string;
}

/** What the storage says about an object. */
export interface StoredObject {
  size: number;
  etag: string;
  /** Base64; of an object that was uploaded in parts, of their checksums, and with their number. Undefined: the storage keeps none. */
  sha256: string | undefined;
}

/** The objects under a prefix of a bucket. Paths are relative to it. @throws {S3Error} all methods */
export class Bucket {
  readonly #client: S3Client;
  /** Whether the storage accepts checksums that it keeps: some refuse them. */
  #keepsChecksums = true;

  constructor(location: S3Location) {
    this.#client = new S3Client(location);
  }

  close(): void {
    this.#client.close();
  }

  /** Uploads a whole object. @returns its ETag */
  async put(path: string, body: S3Body, signal?: AbortSignal): Promise<string> {
    return this.#withChecksums(async (isKept) => {
      const headers = checksumHeaders(body, isKept);
      const response = await this.#client.ask({ method: 'PUT', key: this.#key(path), headers, body, signal });
      return unquoted(response.headers.etag);
    });
  }

  /** An object's bytes, or a range of them. @throws {S3Error} NoSuchKey, and others */
  async get(
    path: string,
    size: number,
    range: ByteRange = { from: 0, to: size },
    signal?: AbortSignal,
  ): Promise<Readable> {
    const { from, to } = range;
    const isWhole = from === 0 && to === size;
    if (from === to) {
      return Readable.from([]);
    }
    const response = await this.#client.send({
      ...{ method: 'GET', key: this.#key(path), signal },
      ...(!isWhole && { headers: { range: `bytes=${from}-${to - 1}` } }),
    });
    const length = Number(response.headers['content-length']);
    if (length !== to - from || (response.statusCode === 206) === isWhole) {
      response.destroy();
      throw new S3Error('UnexpectedLength', `${length} bytes of ${path} instead of ${to - from}`, {
        status: 500,
      });
    }
    return response;
  }

  /** Undefined: there is no such object. */
  async head(path: string): Promise<StoredObject | undefined> {
    let response: IncomingMessage;
    try {
      const headers = { 'x-amz-checksum-mode': 'ENABLED' };
      response = await this.#client.send({ method: 'HEAD', key: this.#key(path), headers });
    } catch (error) {
      if (error instanceof S3Error && error.status === 404) {
        return undefined;
      }
      throw error;
    }
    response.resume();
    const { etag, 'content-length': size, 'x-amz-checksum-sha256': sha256 } = response.headers;
    return {
      size: Number(size),
      etag: unquoted(etag),
      sha256: typeof sha256 === 'string' ? sha256 : undefined,
    };
  }

  /** Deletes an object. Idempotent. */
  async delete(path: string): Promise<void> {
    try {
      await this.#client.ask({ method: 'DELETE', key: this.#key(path) });
    } catch (error) {
      if (!(error instanceof S3Error && error.code === 'NoSuchKey')) {
        throw error;
      }
    }
  }

  /** Begins an upload in parts. @returns its id */
  createUpload(path: string, type: string): Promise<string> {
    return this.#withChecksums(async (isKept) => {
      const headers = { 'content-type': type, ...(isKept && { 'x-amz-checksum-algorithm': 'SHA256' }) };
      const { xml } = await this.#client.ask({
        ...{ method: 'POST', key: this.#key(path), query: { uploads: '' }, headers },
      });
      const [id] = xmlTexts(xml, 'UploadId');
      if (id === undefined) {
        throw new S3Error('MalformedAnswer', 'an upload without an id', { status: 500 });
      }
      return id;
    });
  }

  /** Whether an upload goes on. One that the storage has given up would end the connection while a part is sent. */
  async hasUpload(path: string, uploadId: string): Promise<boolean> {
    try {
      const query = { uploadId, 'max-parts': '1' };
      await this.#client.ask({ method: 'GET', key: this.#key(path), query });
      return true;
    } catch (error) {
      if (error instanceof S3Error && !error.isOfBucket) {
        return error.code !== 'NoSuchUpload';
      }
      throw error;
    }
  }

  /** @param number from 1 */
  async putPart(
    path: string,
    uploadId: string,
    number: number,
    body: S3Body,
    signal: AbortSignal,
  ): Promise<UploadedPart> {
    const { headers } = await this.#client.ask({
      ...{ method: 'PUT', key: this.#key(path), body, signal },
      query: { partNumber: String(number), uploadId },
      headers: checksumHeaders(body, this.#keepsChecksums),
    });
    return { etag: headers.etag ?? '', sha256: body.sha256 };
  }

  /** Puts the parts together. @returns the object's ETag */
  async completeUpload(path: string, uploadId: string, parts: readonly UploadedPart[]): Promise<string> {
    const listed = parts.map(({ etag, sha256 }, index) => {
      const checksum = this.#keepsChecksums ? `<ChecksumSHA256>${base64(sha256)}</ChecksumSHA256>` : '';
      return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${xmlEscaped(etag)}</ETag>${checksum}</Part>`;
    });
    const bytes = Buffer.from(
      `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed.join('')}</CompleteMultipartUpload>`,
    );
    const body = { ...bodyOf(bytes), type: 'application/xml' };
    const { xml } = await this.#client.ask({
      method: 'POST',
      key: this.#key(path),
      query: { uploadId },
      body,
    });
    return unquoted(xmlTexts(xml, 'ETag')[0]);
  }

  /** Ends an upload, and removes its parts. Idempotent. */
  async abortUpload(path: string, uploadId: string): Promise<void> {
    try {
      await this.#client.ask({ method: 'DELETE', key: this.#key(path), query: { uploadId } });
    } catch (error) {
      if (!(error instanceof S3Error && /^NoSuch(Upload|Key)$/.test(error.code))) {
        throw error;
      }
    }
  }

  /** Ends all uploads of an object that were begun and not finished: the id of one may be lost in a crash. */
  async abortUploads(path: string): Promise<void> {
    const key = this.#key(path);
    const { xml } = await this.#client.ask({ method: 'GET', query: { uploads: '', prefix: key } });
    for (const upload of xml.match(/<Upload>.*?<\/Upload>/gs) ?? []) {
      const [id] = xmlTexts(upload, 'UploadId');
      if (id !== undefined && xmlTexts(upload, 'Key')[0] === key) {
        await this.abortUpload(path, id);
      }
    }
  }

  /** Checks that objects can be written, read and deleted. */
  async check(): Promise<void> {
    const path = `canopy-check-${randomBytes(8).toString('hex')}`;
    const bytes = randomBytes(32);
    await this.put(path, bodyOf(bytes));
    try {
      const read = await buffer(await this.get(path, bytes.length)).catch((cause: unknown) => {
        throw networkError(cause);
      });
      if (!read.equals(bytes)) {
        throw new S3Error('DifferentBytes', 'what was read is not what was written', { status: 500 });
      }
    } finally {
      await this.delete(path);
    }
  }

  #key(path: string): string {
    return `${this.#client.location.prefix}${path}`;
  }

  /** Does something with checksums, and if the storage does not know them, without. */
  async #withChecksums<T>(act: (isKept: boolean) => Promise<T>): Promise<T> {
    try {
      return await act(this.#keepsChecksums);
    } catch (error) {
      const isUnknown =
        error instanceof S3Error && (error.status === 501 || /unsupported header/i.test(error.message));
      if (!this.#keepsChecksums || !isUnknown) {
        throw error;
      }
      this.#keepsChecksums = false;
      return act(false);
    }
  }
}

/** SHA-256 of an object as a storage keeps it: of an upload in parts, that of their checksums. */
export function checksumOf(parts: readonly UploadedPart[], isInParts: boolean): string {
  const [first] = parts;
  if (!isInParts) {
    return base64(first?.sha256 ?? '');
  }
  const all = createHash('sha256');
  for (const { sha256 } of parts) {
    all.update(Buffer.from(sha256, 'hex'));
  }
  return `${all.digest('base64')}-${parts.length}`;
}

function checksumHeaders({ sha256 }: S3Body, isKept: boolean): Record<string, string> {
  return isKept ? { 'x-amz-checksum-sha256': base64(sha256) } : {};
}

function bodyOf(bytes: Buffer): S3Body {
  return {
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    read: () => Readable.from([bytes]),
  };
}

/** An ETag, which some answers have without its quotation marks. */
function unquoted(etag = ''): string {
  return etag.replaceAll('"', '');
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
