import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import {
  decodeUser,
  formatUri,
  type NameAddr,
  parseUri,
  SipParseError,
  type SipUri,
  type Uri,
  unquote,
} from '../message/index.ts';
import type { Binding } from './bindings.ts';

/** An instance of a user: one phone, whatever its address is at the moment. */
export interface PhoneInstance {
  readonly user: string;
  /** Its `+sip.instance`. It need not be registered. */
  readonly instance: string;
}

/** GRUUs of ours at a registrar. */
export interface OwnGruus {
  /** Names our account. */
  readonly public: string | undefined;
  /** For calls whose caller is hidden. */
  readonly temporary: string | undefined;
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MARK_BYTES = 16;
const TEMPORARY = 'tgruu.';
/** Maximum length in characters of an instance that gets GRUUs. */
const MAX_INSTANCE = 128;
/** Characters that a URI parameter may not contain (RFC 3261 §25.1). */
const NOT_IN_PARAM = /[^A-Za-z0-9\-_.!~*'()[\]/:&+$]/g;

/**
 * Makes and reads GRUUs (RFC 5627): URIs that lead to one phone of a user. A public one names the user and the instance. A temporary one
 * names neither: both are encrypted in its user part, with a new nonce each time, so that two of them cannot be linked.
 */
export class Gruus {
  readonly #key: Buffer;

  /** `key`: of 32 bytes. Default: a random one, so that temporary GRUUs are not known to the next process. */
  constructor(key: Buffer = randomBytes(KEY_BYTES)) {
    this.#key = key;
  }

  /** Parameters for the Contact of this binding in the response to a REGISTER for `address`; none if its phone has no instance. */
  paramsFor(address: SipUri, binding: Binding): string {
    const name = instanceName(binding.instance);
    if (name === undefined) {
      return '';
    }
    const { scheme, user = '', host, port } = address;
    const uri = { scheme, host, ...(port !== undefined && { port }) };
    const publicUri = { ...uri, user, params: new Map([['gr', escaped(name)]]) };
    const temporary = {
      ...uri,
      user: this.#seal(decodeUser(address), markOf(binding)),
      params: new Map([['gr', null]]),
    };
    return `;pub-gruu="${formatUri(publicUri)}";temp-gruu="${formatUri(temporary)}"`;
  }

  /** The phone that a GRUU leads to; undefined for any other URI, and for a temporary GRUU that is no longer valid. `bindings`: of a user. */
  read(uri: Uri, bindings: (user: string) => readonly Binding[]): PhoneInstance | undefined {
    if ((uri.scheme !== 'sip' && uri.scheme !== 'sips') || !uri.params.has('gr')) {
      return undefined;
    }
    const name = uri.params.get('gr') ?? '';
    if (name !== '') {
      const user = decodeUser(uri);
      const named = unescaped(name);
      const found = bindings(user).find((each) => instanceName(each.instance) === named);
      return { user, instance: found?.instance ?? `"<${named}>"` };
    }
    const sealed = this.#open(uri.user ?? '');
    if (!sealed) {
      return undefined;
    }
    const { user, mark } = sealed;
    const instance = bindings(user).find((binding) => markOf(binding).equals(mark))?.instance;
    return instance === undefined ? undefined : { user, instance };
  }

  #seal(user: string, mark: Buffer): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv);
    const sealed = Buffer.concat([cipher.update(Buffer.concat([mark, Buffer.from(user)])), cipher.final()]);
    return TEMPORARY + Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  #open(text: string): { user: string; mark: Buffer } | undefined {
    const bytes = Buffer.from(text.startsWith(TEMPORARY) ? text.slice(TEMPORARY.length) : '', 'base64url');
    if (bytes.length <= IV_BYTES + TAG_BYTES + MARK_BYTES) {
      return undefined;
    }
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      return { mark: plain.subarray(0, MARK_BYTES), user: plain.toString('utf8', MARK_BYTES) };
    } catch {
      // Made by somebody else, or with an earlier key.
      return undefined;
    }
  }
}

/** A temporary GRUU is valid as long as its phone registers with the same Call-ID (RFC 5627 §3.1). */
function markOf({ instance = '', callId }: Binding): Buffer {
  return createHash('sha256').update(`${instance}\n${callId}`).digest().subarray(0, MARK_BYTES);
}

/** The URN in `+sip.instance`; undefined if there is none. */
function instanceName(instance: string | undefined): string | undefined {
  return instance === undefined || instance.length > MAX_INSTANCE
    ? undefined
    : /^<([^<>\s"]+)>$/.exec(unquote(instance))?.[1];
}

function escaped(text: string): string {
  return text.replace(NOT_IN_PARAM, (character) => encodeURIComponent(character));
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The GRUUs in our Contact as a registrar returns it (RFC 5627 §4.2). Malformed ones are ignored. */
export function ownGruus({ params }: NameAddr): OwnGruus {
  return { public: given(params.get('pub-gruu')), temporary: given(params.get('temp-gruu')) };
}

function given(value: string | null | undefined): string | undefined {
  if (!value) {
    return undefined;
  }
  try {
    const uri = parseUri(unquote(value));
    return (uri.scheme === 'sip' || uri.scheme === 'sips') && uri.params.has('gr')
      ? formatUri(uri)
      : undefined;
  } catch (error) {
    if (error instanceof SipParseError) {
      return undefined;
    }
    throw error;
  }
}
