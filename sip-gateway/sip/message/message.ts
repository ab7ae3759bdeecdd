import type { Headers } from './headers.ts';
import type { NameAddr } from './name-addr.ts';
import type { Uri } from './uri.ts';
import type { Via } from './via.ts';

/** CSeq (RFC 3261 §20.16). */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/**
 * Fields of every message. Only `headers` is sent; the typed fields are its parsed mandatory fields. Messages are immutable: the functions
 * in build.ts make changed copies.
 */
interface MessageFields {
  readonly headers: Headers;
  /** Topmost first; at least one. */
  readonly vias: readonly [Via, ...Via[]];
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly body: Buffer;
}

export interface SipRequest extends MessageFields {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: Uri;
}

export interface SipResponse extends MessageFields {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
}

export type SipMessage = SipRequest | SipResponse;

/** The wire form of a request; its Via may still be missing. */
export type WireRequest = Pick<SipRequest, 'kind' | 'method' | 'uri' | 'headers' | 'body'>;
/** The wire form of a response, and the fields that route it. */
export type WireResponse = Pick<SipResponse, 'kind' | 'status' | 'reason' | 'headers' | 'body'> & {
  /** Topmost first; empty if the Via is malformed. */
  readonly vias: readonly Via[];
};

/** Maximum body size, in bytes. */
export const MAX_BODY_BYTES = 65_536;
/** Maximum size of start line and header section together, in bytes. */
export const MAX_HEADER_BYTES = 32_768;
/** Maximum number of header fields. */
export const MAX_HEADER_FIELDS = 200;
