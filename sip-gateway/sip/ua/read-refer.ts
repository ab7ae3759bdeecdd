import {
  type NameAddr,
  parseNameAddr,
  parseNameAddrs,
  parseReplaces,
  type Replaces,
  SipParseError,
  type SipRequest,
  type SipUri,
  type TelUri,
  type Uri,
} from '../message/index.ts';
import { hasOptionTag } from './option-tags.ts';

/** What a REFER asks for. */
export interface ReferContent {
  /** Whom to call. Untrusted: use it only as the dial plan permits. Without the header fields that the REFER wants in the INVITE. */
  readonly target: SipUri | TelUri;
  /** The target's dialog that our INVITE is to replace: an attended transfer. */
  readonly replaces: Replaces | undefined;
  /** Who transfers (RFC 3892). Untrusted text. */
  readonly referredBy: NameAddr | undefined;
  /** The sender wants no NOTIFY (RFC 4488, RFC 7614). */
  readonly quiet: boolean;
}

/** A malformed or unsupported REFER, with the status to refuse it with. */
export interface ReferObjection {
  readonly status: number;
  readonly reason?: string;
}

/** Header fields in a Refer-To beyond this number make it malformed. */
const MAX_URI_HEADERS = 20;

/**
 * Reads a REFER (RFC 3515 §2.4.2). Of the header fields in its URI only Replaces is used: others, such as Route or From, could direct our
 * call past the dial plan (threat 19, RFC 3261 §19.1.5).
 */
export function readRefer(request: SipRequest): ReferContent | ReferObjection {
  const { headers } = request;
  try {
    const targets = headers.all('refer-to');
    const [target] = targets;
    if (target === undefined || targets.length > 1) {
      return { status: 400, reason: 'Exactly One Refer-To Required' };
    }
    const { uri } = referTo(target);
    if (uri.scheme === 'other') {
      return { status: 416 };
    }
    const method = uri.params.get('method') ?? 'INVITE';
    if (method.toUpperCase() !== 'INVITE') {
      return { status: 501, reason: 'Only INVITE Can Be Referred' };
    }
    const referredBy = headers.single('referred-by');
    return {
      target: { ...uri, ...('host' in uri && { headers: undefined }) },
      replaces: replacesOf(uri),
      referredBy: referredBy === undefined ? undefined : parseNameAddr(referredBy),
      quiet:
        /^[ \t]*false[ \t]*(?:;|$)/i.test(headers.get('refer-sub') ?? '') ||
        hasOptionTag(headers, 'require', 'nosub'),
    };
  } catch (error) {
    if (error instanceof SipParseError) {
      return { status: 400, reason: error.message };
    }
    throw error;
  }
}

/** @throws {SipParseError} it is malformed, or several addresses */
function referTo(text: string): NameAddr {
  const [address, second] = parseNameAddrs(text);
  if (!address || second) {
    throw new SipParseError('Exactly one Refer-To address required');
  }
  return address;
}

/** @throws {SipParseError} it is malformed, or there are several */
function replacesOf(uri: Uri): Replaces | undefined {
  const fields = ('headers' in uri ? uri.headers : undefined)?.split('&') ?? [];
  if (fields.length > MAX_URI_HEADERS) {
    throw new SipParseError('Too many header fields in Refer-To');
  }
  const [value, second] = fields
    .map((field) => /^replaces=(.*)$/is.exec(field)?.[1])
    .filter((each) => each !== undefined);
  if (second !== undefined) {
    throw new SipParseError('Replaces given twice');
  }
  return value === undefined ? undefined : parseReplaces(unescaped(value));
}

/** @throws {SipParseError} it is not valid UTF-8 */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SipParseError('Malformed escapes in Refer-To');
  }
}
