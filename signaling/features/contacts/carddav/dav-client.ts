import {
  addressBookMultiGet,
  createAccount,
  createObject,
  type DAVResponse,
  deleteObject,
  fetchAddressBooks,
  getBasicAuthHeaders,
  propfind,
  updateObject,
} from 'tsdav';
import { CanopyError } from '../../../../base/index.ts';

export interface DavOptions {
  url: string;
  username: string;
  password: string;
  fetch: typeof fetch;
}

/** A card on the server. */
export interface RemoteCard {
  href: string;
  etag: string;
  text: string;
}

/** What became of a write. `changed`: somebody else changed the card meanwhile, so nothing was written. */
export type Written = { etag: string | undefined } | 'changed';

/** A CardDAV server (RFC 6352), by tsdav. */
export class DavClient {
  readonly #options: DavOptions;
  readonly #headers: Record<string, string>;

  constructor(options: DavOptions) {
    this.#options = options;
    this.#headers = toRecord(getBasicAuthHeaders(options));
  }

  /**
   * The URL of the address book: the given one if it is one, else the first that the server has for the user.
   *
   * @throws {CanopyError} ADDRESS_BOOK_LOGIN, ADDRESS_BOOK_UNREACHABLE, TARGET_REFUSED
   */
  async discover(): Promise<string> {
    const { url, fetch, username, password } = this.#options;
    const headers = this.#headers;
    return this.#attempt(async () => {
      const props = { 'd:resourcetype': {} };
      const [found] = await propfind({ url, props, depth: '0', headers, fetch });
      checkStatus(found);
      if (found?.props?.resourcetype && 'addressbook' in found.props.resourcetype) {
        return url;
      }
      const account = await createAccount({
        account: { serverUrl: url, accountType: 'carddav', credentials: { username, password } },
        headers,
        fetch,
      });
      // Not its version, which takes some servers long.
      const [book] = await fetchAddressBooks({ account, props: { 'd:resourcetype': {} }, headers, fetch });
      if (!book) {
        throw new CanopyError('ADDRESS_BOOK_UNREACHABLE', 'the server has no address book for this user');
      }
      return new URL(book.url, url).href;
    });
  }

  /** Changes whenever a card does; undefined if the server does not say. */
  async version(): Promise<string | undefined> {
    const { url, fetch } = this.#options;
    return this.#attempt(async () => {
      const props = { 'cs:getctag': {}, 'd:sync-token': {} };
      const [found] = await propfind({ url, props, depth: '0', headers: this.#headers, fetch });
      checkStatus(found);
      const version = found?.props?.getctag ?? found?.props?.syncToken;
      return version === undefined ? undefined : textOf(version);
    });
  }

  /** The ETags of all cards, by href. */
  async etags(): Promise<Map<string, string>> {
    const { url, fetch } = this.#options;
    return this.#attempt(async () => {
      const props = { 'd:getetag': {} };
      const found = await propfind({ url, props, depth: '1', headers: this.#headers, fetch });
      checkStatus(found[0]);
      const own = pathOf(url, url);
      const cards = found.flatMap(({ href = '', props: { getetag } = {} }): Array<[string, string]> => {
        const path = pathOf(href, url);
        return getetag === undefined || path === own ? [] : [[path, textOf(getetag)]];
      });
      return new Map(cards);
    });
  }

  /** Cards that still exist of these. */
  async cards(hrefs: readonly string[]): Promise<RemoteCard[]> {
    const { url, fetch } = this.#options;
    return this.#attempt(async () => {
      const found = await addressBookMultiGet({
        url,
        props: { 'd:getetag': {}, 'card:address-data': {} },
        objectUrls: [...hrefs],
        depth: '1',
        headers: this.#headers,
        fetch,
      });
      return found.flatMap(({ href = '', props: { getetag, addressData } = {} }): RemoteCard[] =>
        addressData === undefined
          ? []
          : [{ href: pathOf(href, url), etag: textOf(getetag), text: textOf(addressData) }],
      );
    });
  }

  /** @param etag of the card to replace; undefined: there must be none */
  async put(href: string, text: string, etag: string | undefined): Promise<Written> {
    const { fetch } = this.#options;
    const url = this.#urlOf(href);
    const headers = { ...this.#headers, 'content-type': 'text/vcard; charset=utf-8' };
    return this.#write(() =>
      etag === undefined
        ? createObject({ url, data: text, headers: { ...headers, 'if-none-match': '*' }, fetch })
        : updateObject({ url, data: text, etag, headers, fetch }),
    );
  }

  async delete(href: string, etag: string): Promise<Written> {
    const { fetch } = this.#options;
    return this.#write(() => deleteObject({ url: this.#urlOf(href), etag, headers: this.#headers, fetch }));
  }

  /** The path of a new card. */
  newHref(contactId: string): string {
    const base = pathOf(this.#options.url, this.#options.url);
    return `${base.endsWith('/') ? base : `${base}/`}${encodeURIComponent(contactId)}.vcf`;
  }

  #urlOf(href: string): string {
    return new URL(href, this.#options.url).href;
  }

  async #write(act: () => Promise<Response>): Promise<Written> {
    return this.#attempt(async () => {
      const response = await act();
      const { status } = response;
      if (status === 412 || status === 409) {
        return 'changed';
      }
      // A card that is to be deleted may be gone already.
      if (!response.ok && status !== 404 && status !== 410) {
        throw failureOf(status);
      }
      return { etag: response.headers.get('etag') ?? undefined };
    });
  }

  async #attempt<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof CanopyError) {
        throw error;
      }
      const { message, cause } = error as Error;
      if (cause instanceof CanopyError) {
        throw cause;
      }
      const isLogin = /invalid credentials|unauthori[sz]ed|\b401\b/i.test(message);
      throw isLogin
        ? new CanopyError('ADDRESS_BOOK_LOGIN')
        : new CanopyError('ADDRESS_BOOK_UNREACHABLE', message.slice(0, 200));
    }
  }
}

function checkStatus(response: DAVResponse | undefined): void {
  if (!response || response.status >= 400) {
    throw failureOf(response?.status ?? 502);
  }
}

function failureOf(status: number): CanopyError {
  return status === 401 || status === 403
    ? new CanopyError('ADDRESS_BOOK_LOGIN')
    : new CanopyError('ADDRESS_BOOK_UNREACHABLE', `the server answers ${status}`);
}

/** The path of an href, without the origin, in one spelling. */
function pathOf(href: string, base: string): string {
  return new URL(href, base).pathname;
}

function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    const { _cdata, _text } = value as { _cdata?: string; _text?: string };
    return _cdata ?? _text ?? '';
  }
  return String(value ?? '');
}

function toRecord(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value ?? '']));
}
