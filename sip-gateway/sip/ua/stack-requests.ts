import {
  buildRequest,
  formatNameAddr,
  type HeaderField,
  type NameAddr,
  NO_PARAMS,
  nameAddr,
  type RequestDraft,
  type SipRequest,
  type Uri,
  withTag,
} from '../message/index.ts';
import { newTag } from '../tokens.ts';
import type { Flow } from '../transport/index.ts';
import type { OwnContact } from './call-types.ts';

/** Our Contact field on a flow. */
export function contactField(flow: Flow, { user, gruu }: OwnContact = {}): HeaderField {
  if (gruu !== undefined) {
    return ['contact', `<${gruu}>`];
  }
  const { host, port } = flow.advertised;
  // URIs have one name for both kinds of WebSocket (RFC 7118 §5.1).
  const name = flow.protocol === 'wss' ? 'ws' : flow.protocol;
  const transport = name === 'udp' ? '' : `;transport=${name}`;
  return ['contact', `<sip:${user === undefined ? '' : `${user}@`}${host}:${port}${transport}>`];
}

/** An OPTIONS outside dialogs. `domain`: ours, by default our address on the flow; `via`: the proxies on the way. */
export function optionsRequest(
  uri: Uri,
  flow: Flow,
  options: {
    domain: string | undefined;
    via: readonly NameAddr[];
    userAgent: readonly HeaderField[];
  },
): RequestDraft {
  const host = options.domain ?? flow.advertised.host;
  return buildRequest({
    method: 'OPTIONS',
    uri,
    from: withTag(nameAddr({ scheme: 'sip', host, params: NO_PARAMS }), newTag()),
    to: nameAddr(uri),
    callId: newTag(),
    cseq: { number: 1, method: 'OPTIONS' },
    headers: [
      ...options.via.map((route): HeaderField => ['route', formatNameAddr(route)]),
      contactField(flow),
      ['accept', 'application/sdp'],
      ...options.userAgent,
    ],
  });
}

/** The CANCEL of an INVITE (RFC 3261 §9.1). */
export function cancelRequest(invite: SipRequest, headers: readonly HeaderField[]): RequestDraft {
  return buildRequest({
    method: 'CANCEL',
    uri: invite.uri,
    from: invite.from,
    to: invite.to,
    callId: invite.callId,
    cseq: { number: invite.cseq.number, method: 'CANCEL' },
    headers: [...invite.headers.all('route').map((route): HeaderField => ['route', route]), ...headers],
  });
}
