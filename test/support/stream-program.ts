import { randomBytes } from 'node:crypto';
import type { NewStreamKey, StreamDirection } from '../../contract/index.ts';
import type { InProcessServer } from './in-process-server.ts';

/** A valid fingerprint, of no certificate. */
const FINGERPRINT = Array.from({ length: 32 }, (_, n) => (n + 16).toString(16).toUpperCase()).join(':');

/** The offer of a program that sends Opus and VP8, or receives them. It never connects. */
export function offer(direction: StreamDirection, changes: { ufrag?: string } = {}): string {
  const { ufrag = randomBytes(4).toString('hex') } = changes;
  const common = (mid: number) => [
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    `a=${direction === 'publish' ? 'sendonly' : 'recvonly'}`,
    `a=ice-ufrag:${ufrag}`,
    'a=ice-pwd:0123456789012345678901',
    `a=fingerprint:sha-256 ${FINGERPRINT}`,
    'a=setup:actpass',
    'a=rtcp-mux',
  ];
  const ssrc = (value: number) => (direction === 'publish' ? [`a=ssrc:${value} cname:test`] : []);
  return [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1'],
    ...['m=audio 9 UDP/TLS/RTP/SAVPF 111', ...common(0), 'a=rtpmap:111 opus/48000/2', ...ssrc(1111)],
    ...['m=video 9 UDP/TLS/RTP/SAVPF 96', ...common(1), 'a=rtpmap:96 VP8/90000', ...ssrc(2222)],
    '',
  ].join('\r\n');
}

/** Makes a stream key by the REST API. */
export async function streamKey(
  server: InProcessServer,
  roomId: string,
  direction: StreamDirection,
  name = 'Studio',
): Promise<NewStreamKey> {
  const { body } = await server.api('POST', `/api/rooms/${roomId}/stream-keys`, { direction, name });
  const key = body as NewStreamKey;
  return { ...key, url: new URL(new URL(key.url).pathname, server.url).href };
}

/** The answer to a request of a program. */
export interface StreamAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The code of a refusal. */
  code: string | undefined;
}

/** Sends a request as a program does, or a hostile one. */
export async function ask(
  method: string,
  url: string | URL,
  { secret, body, headers = {} }: { secret?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<StreamAnswer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
      ...(body !== undefined && { 'content-type': 'application/sdp' }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  return {
    ...{ status: response.status, headers: response.headers, text },
    code: isProblem ? (JSON.parse(text) as { code: string }).code : undefined,
  };
}

/** Starts a session. Returns the answer and the session's address. */
export async function start(
  key: Pick<NewStreamKey, 'url' | 'secret'>,
  sdp: string,
): Promise<StreamAnswer & { session: string }> {
  const answer = await ask('POST', key.url, { secret: key.secret, body: sdp });
  return { ...answer, session: new URL(answer.headers.get('location') ?? '', key.url).href };
}

/** The body of a PATCH that restarts ICE, or tells candidates. */
export function iceFragment(ufrag: string): string {
  return [
    `a=ice-ufrag:${ufrag}`,
    'a=ice-pwd:9876543210987654321098',
    'm=audio 9 UDP/TLS/RTP/SAVPF 0',
    'a=mid:0',
    'a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host',
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}
