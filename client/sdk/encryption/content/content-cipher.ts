import {
  type ContentKind,
  type Envelope,
  HEADER_BYTES,
  paddedBytes,
  readEnvelope,
  SIGNATURE_BYTES,
  writeHeader,
} from '../../../../contract/content/index.ts';
import { CanopyError, contentStatement } from '../../../../contract/light.ts';
import { statementMatches } from '../../../../contract/x509/index.ts';
import { type Bytes, fromBase64, fromBase64Url, randomBytes, sha256, toBase64, toHex } from '../../bytes.ts';
import type { Identity } from '../../identity/index.ts';
import type { ContentEpoch, ContentMember } from './content-epoch.ts';

const NONCE_BYTES = 12;
/** The content's length, after the signature. */
const LENGTH_BYTES = 4;
/** Epochs whose secrets are kept. A room has a new one whenever somebody comes or goes. */
const MAX_EPOCHS = 5000;

/** What was in an envelope. */
export interface OpenedContent {
  content: unknown;
  /** The device that signed it, which was a member of its epoch. */
  sender: ContentMember;
  groupId: string;
  epoch: bigint;
}

export interface ContentCipherOptions {
  /** What the content belongs to: `room` and the room's name. Content of another scope cannot be opened. */
  scope: string;
  identity: Pick<Identity, 'deviceId' | 'signContent'>;
}

/** A key of one member in one epoch. */
interface EpochState extends ContentEpoch {
  readonly keys: Map<number, Promise<CryptoKey>>;
}

/**
 * Encrypts content for the members of a group's current epoch, and opens that of all epochs in which this device was. Where the epochs come
 * from does not matter: a room's group exports its secrets.
 */
export class ContentCipher {
  readonly #options: ContentCipherOptions;
  readonly #epochs = new Map<string, EpochState>();
  #current: EpochState | undefined;

  constructor(options: ContentCipherOptions) {
    this.#options = options;
  }

  /** The epoch in which this device encrypts. */
  get current(): ContentEpoch | undefined {
    return this.#current;
  }

  /** Whether this device has the secret of an epoch. */
  epoch(groupId: string, epoch: bigint): ContentEpoch | undefined {
    return this.#epochs.get(`${groupId} ${epoch}`);
  }

  /** A new epoch: from now on, content is encrypted for its members. */
  setEpoch(epoch: ContentEpoch): void {
    const state = { ...epoch, keys: new Map() };
    this.#epochs.set(`${epoch.groupId} ${epoch.epoch}`, state);
    this.#current = state;
    const [oldest] = this.#epochs.keys();
    if (this.#epochs.size > MAX_EPOCHS && oldest !== undefined) {
      this.#epochs.delete(oldest);
    }
  }

  /**
   * Signs and encrypts. Returns the envelope, base64.
   *
   * @param id what it is about; it has to be opened under the same
   * @param content JSON
   * @throws {CanopyError} ENCRYPTION_STALE - there are no keys; ENCRYPTION_INVALID - it is too long
   */
  async seal(kind: ContentKind, id: string, content: unknown): Promise<string> {
    const current = this.#current;
    if (!current) {
      throw new CanopyError('ENCRYPTION_STALE', 'this device has no keys');
    }
    const { scope, identity } = this.#options;
    const { groupId, epoch, ownLeaf } = current;
    const nonce = randomBytes(NONCE_BYTES);
    const header = writeHeader({ kind, groupId, epoch, leaf: ownLeaf }, nonce);
    const text = new TextEncoder().encode(JSON.stringify(content));
    const signature = await identity.signContent({ scope, id, ...(await hashes(header, text)) });
    const length = SIGNATURE_BYTES + LENGTH_BYTES + text.length;
    const plain = new Uint8Array(paddedBytes(length));
    plain.set(fromBase64Url(signature));
    new DataView(plain.buffer).setUint32(SIGNATURE_BYTES, text.length);
    plain.set(text, SIGNATURE_BYTES + LENGTH_BYTES);
    const encrypted = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv: nonce, additionalData: this.#associated(header, id, identity.deviceId) },
      await this.#keyOf(current, ownLeaf),
      plain,
    );
    const envelope = new Uint8Array(HEADER_BYTES + encrypted.byteLength);
    envelope.set(header);
    envelope.set(new Uint8Array(encrypted), HEADER_BYTES);
    return toBase64(envelope);
  }

  /** The device that an envelope says it is of; undefined: it says nothing that this device can judge. Nothing is verified. */
  claimedSender(sealed: string): string | undefined {
    try {
      const { groupId, epoch, leaf } = readEnvelope(fromBase64(sealed));
      return this.epoch(groupId, epoch)?.members.get(leaf)?.deviceId;
    } catch {
      return undefined;
    }
  }

  /**
   * Opens an envelope and verifies who wrote it. Undefined: it is of an epoch in which this device was not, so that nothing can be said of it.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID - it is not genuine
   */
  async open(kind: ContentKind, id: string, sealed: string): Promise<OpenedContent | undefined> {
    const envelope = readEnvelope(decode(sealed));
    if (envelope.kind !== kind) {
      refuse(`${envelope.kind} in place of ${kind}`);
    }
    const state = this.#epochs.get(`${envelope.groupId} ${envelope.epoch}`);
    if (!state) {
      return undefined;
    }
    const sender = state.members.get(envelope.leaf);
    if (!sender) {
      refuse(`leaf ${envelope.leaf} is nobody’s`);
    }
    const plain = await this.#decrypt(state, envelope, id, sender.deviceId);
    const length = new DataView(plain.buffer).getUint32(SIGNATURE_BYTES);
    const text = plain.slice(SIGNATURE_BYTES + LENGTH_BYTES, SIGNATURE_BYTES + LENGTH_BYTES + length);
    const statement = contentStatement({
      scope: this.#options.scope,
      id,
      deviceId: sender.deviceId,
      ...(await hashes(envelope.header, text)),
    });
    const isSigned = await statementMatches(sender.key, statement, plain.slice(0, SIGNATURE_BYTES));
    if (!isSigned || text.length !== length) {
      refuse('the signature is not that of the sender’s device');
    }
    const { groupId, epoch } = envelope;
    return { content: parse(text), sender, groupId, epoch };
  }

  async #decrypt(state: EpochState, envelope: Envelope, id: string, deviceId: string): Promise<Bytes> {
    const { header, nonce, ciphertext, leaf } = envelope;
    const additionalData = this.#associated(header, id, deviceId);
    try {
      const key = await this.#keyOf(state, leaf);
      const plain = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv: nonce, additionalData },
        key,
        ciphertext,
      );
      return new Uint8Array(plain);
    } catch (cause) {
      refuse('it does not decrypt', cause);
    }
  }

  /** Whom and what the ciphertext belongs to: the server cannot show it as something else. */
  #associated(header: Bytes, id: string, deviceId: string): Bytes {
    const about = new TextEncoder().encode([this.#options.scope, id, deviceId].join('\n'));
    const associated = new Uint8Array(header.length + about.length);
    associated.set(header);
    associated.set(about, header.length);
    return associated;
  }

  /** The key of one member in an epoch. */
  #keyOf({ secret, keys }: EpochState, leaf: number): Promise<CryptoKey> {
    const known =
      keys.get(leaf) ??
      crypto.subtle.deriveKey(
        {
          name: 'HKDF',
          hash: 'SHA-256',
          salt: new Uint8Array(),
          info: new TextEncoder().encode(`canopy/content-key/1\n${this.#options.scope}\n${leaf}`),
        },
        secret,
        { name: 'AES-GCM', length: 128 },
        false,
        ['encrypt', 'decrypt'],
      );
    keys.set(leaf, known);
    return known;
  }
}

async function hashes(header: Bytes, text: Bytes): Promise<{ headerHash: string; contentHash: string }> {
  const [headerHash, contentHash] = await Promise.all([sha256(header), sha256(text)]);
  return { headerHash: toHex(headerHash), contentHash: toHex(contentHash) };
}

function decode(sealed: string): Bytes {
  try {
    return fromBase64(sealed);
  } catch (cause) {
    refuse('not base64', cause);
  }
}

/** What a member wrote need not be JSON, though the member's signature is right. */
function parse(text: Bytes): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (cause) {
    refuse('the content cannot be read', cause);
  }
}

function refuse(detail: string, cause?: unknown): never {
  throw new CanopyError('ENCRYPTION_INVALID', detail, { cause });
}
