import { parseMessage, type SipRequest, serializeMessage } from '../message/index.ts';
import type { Flow } from '../transport/index.ts';

/** An INVITE over UDP without a final answer, as plain data. */
export interface SavedInvite {
  /** As on the wire. */
  readonly message: Uint8Array;
  /** The other side. */
  readonly address: string;
  readonly port: number;
}

/** Undefined for connections, which end with the process: the other side notices that. */
export function saveInvite(request: SipRequest, flow: Flow): SavedInvite | undefined {
  return flow.reliable ? undefined : { message: serializeMessage(request), ...flow.remote };
}

/** Undefined if it cannot be read. */
export function readInvite({ message }: SavedInvite): SipRequest | undefined {
  const read = parseMessage(Buffer.from(message));
  return 'message' in read && read.message.kind === 'request' ? read.message : undefined;
}
