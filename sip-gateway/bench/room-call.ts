import { BridgeSession, enrol, memoryStore, parseInvitation } from '../../client/sdk/index.ts';
import type { CodecName } from '../codecs/index.ts';
import { SdpSession, SipStack } from '../sip/index.ts';

/** A running server with its gateway. */
export interface ServerWithPhones {
  url: string;
  apiKey: string;
  /** SIP port of the gateway (UDP, on loopback). */
  sipPort: number;
}

const LOOPBACK = '127.0.0.1';
const ROOM = 'bench-delay';
const NUMBER = '100';
/** Default realm of a server. */
const REALM = 'canopy';
const PHONE = { username: 'bench', password: 'bench-phone-password' };
/** The first SSRC of RtpLoad. */
const SSRC = 1_000;

/** Creates the room's number and a phone that may call it. */
export async function preparePhones(server: ServerWithPhones): Promise<void> {
  await api(server, 'PUT', `/api/sip/phones/${PHONE.username}`, { password: PHONE.password });
  const rules = [{ pattern: NUMBER, action: { type: 'room', roomId: ROOM } }];
  await api(server, 'PUT', '/api/sip/dial-plan', { rules });
}

/** Whether the room gets what its phones send as it is. */
export async function setPassThrough(server: ServerWithPhones, passes: boolean): Promise<void> {
  const change = { phonePassThrough: passes ? 'automatic' : null };
  await api(server, 'PATCH', `/api/rooms/${ROOM}/settings`, change);
}

/** A participant of the room, on a plain transport. */
export class BenchRoom {
  /** Port to send to. */
  readonly port: number;
  readonly #session: BridgeSession;

  private constructor(session: BridgeSession, port: number) {
    this.#session = session;
    this.port = port;
  }

  /** @param port of the participant's RTP, on loopback */
  static async join(server: ServerWithPhones, port: number, payloadType: number): Promise<BenchRoom> {
    const { url } = await api<{ url: string }>(server, 'POST', '/api/invites', { role: 'bridge' });
    const invitation = parseInvitation(url);
    if (!invitation) {
      throw new TypeError(`not an invitation: ${url}`);
    }
    const options = { ...invitation, serverUrl: server.url, displayName: 'Bench', store: memoryStore() };
    const identity = await enrol(options);
    const session = await BridgeSession.join({ url: server.url, identity, roomId: ROOM });
    const { send } = await session.open({
      address: LOOPBACK,
      port,
      rtpCapabilities: session.routerRtpCapabilities,
    });
    const person = await session.addParticipant({ displayName: 'Bench' });
    await person.produce({
      codecs: [
        {
          mimeType: 'audio/opus',
          payloadType,
          clockRate: 48_000,
          channels: 2,
          parameters: {},
          rtcpFeedback: [],
        },
      ],
      headerExtensions: [],
      encodings: [{ ssrc: SSRC }],
      rtcp: { cname: 'bench', reducedSize: true },
    });
    return new BenchRoom(session, send.port);
  }

  close(): Promise<void> {
    return this.#session.leave();
  }
}

/** Calls the room as a phone with its RTP on `port`. Resolves with the port to send to. */
export async function callRoom(
  server: ServerWithPhones,
  { codec, port }: { codec: CodecName; port: number },
): Promise<{ port: number; close(): Promise<void> }> {
  const stack = await SipStack.create({
    listen: [{ protocol: 'udp', address: LOOPBACK, port: 0 }],
    trunks: [
      { id: 'server', uri: `sip:${LOOPBACK}:${server.sipPort}`, credentials: { ...PHONE, realm: REALM } },
    ],
  });
  try {
    const session = new SdpSession();
    const sdp = session.offer({ address: LOOPBACK, port, codecs: [codec] });
    const call = await stack.invite(
      { trunk: 'server', number: NUMBER },
      { sdp, from: { user: PHONE.username } },
    );
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    call.once('answered', resolve);
    call.once('end', ({ cause, status }) => reject(new Error(`the call ended: ${cause} ${status ?? ''}`)));
    await promise;
    const { remote } = session.readAnswer(call.remoteSdp ?? '');
    return { port: remote.port, close: () => stack.close() };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/** Makes a request to the REST API. @throws {Error} it was refused */
export async function api<T>(
  server: ServerWithPhones,
  method: string,
  path: string,
  body: object,
): Promise<T> {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: { authorization: `Bearer ${server.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
  return (await response.json()) as T;
}
