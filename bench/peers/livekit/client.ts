import type { SignalRequest as Request, SignalResponse as Response } from '@livekit/protocol';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import type { LoadClient, LoadClientOptions } from '../load-client.ts';
import { trickledCandidate } from '../sdp.ts';
import { type SdpTransport, transportPair } from '../sdp-transport.ts';

/** The version of LiveKit's protocol whose messages are used here: two peer connections, the receiving one first. */
const PROTOCOL_VERSION = 15;
export const API_KEY = 'bench';
const PING_INTERVAL_MS = 5000;

type Message<Case extends NonNullable<Response['message']['case']>> = Extract<
  Response['message'],
  { case: Case }
>['value'];

/** Somebody in a room of LiveKit, by its signalling protocol: protobuf messages over a WebSocket. */
export class LiveKitClient implements LoadClient {
  readonly #options: LoadClientOptions;
  readonly #protocol: typeof import('@livekit/protocol');
  readonly #waiting = new Map<string, (value: never) => void>();
  readonly #sending: SdpTransport;
  readonly #receiving: SdpTransport;
  #socket: WebSocket | undefined;
  #pinging: NodeJS.Timeout | undefined;

  private constructor(options: LoadClientOptions, protocol: typeof import('@livekit/protocol')) {
    this.#options = options;
    this.#protocol = protocol;
    const { sending, receiving } = transportPair(options);
    this.#sending = sending;
    this.#receiving = receiving;
  }

  static async create(options: LoadClientOptions): Promise<LiveKitClient> {
    // Only this benchmark needs it.
    return new LiveKitClient(options, await import('@livekit/protocol'));
  }

  async enter(): Promise<void> {
    const { access, room, name, tracks, watches } = this.#options;
    const token = await new SignJWT({
      video: { room, roomJoin: true, canPublish: true, canSubscribe: watches },
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(API_KEY)
      .setSubject(name)
      .setExpirationTime('1h')
      .sign(Buffer.from(access.secret));
    const query = new URLSearchParams({
      access_token: token,
      auto_subscribe: watches ? '1' : '0',
      protocol: String(PROTOCOL_VERSION),
      sdk: 'js',
      version: '2.15.0',
    });
    const joined = this.#next('join');
    const socket = new WebSocket(new URL(`/rtc?${query}`, access.url.replace(/^http/, 'ws')));
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(this.#protocol.SignalResponse.fromBinary(data)));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', (code) => reject(new Error(`LiveKit closed the connection (${code})`)));
      joined.then(() => resolve(), reject);
    });
    this.#pinging = setInterval(
      () => this.#send({ case: 'ping', value: BigInt(Date.now()) }),
      PING_INTERVAL_MS,
    );
    if (tracks.length === 0) {
      return;
    }
    const { AddTrackRequest, SessionDescription, TrackSource, TrackType } = this.#protocol;
    for (const track of tracks) {
      const video = track.kind === 'video';
      const published = this.#next('trackPublished');
      this.#send({
        case: 'addTrack',
        value: new AddTrackRequest({
          cid: track.id,
          name: track.kind,
          type: video ? TrackType.VIDEO : TrackType.AUDIO,
          source: video ? TrackSource.CAMERA : TrackSource.MICROPHONE,
          ...(video && track.getSettings()),
          disableRed: true,
        }),
      });
      await published;
    }
    const sdp = this.#sending.offer(tracks.map((track) => ({ track, trackId: track.id })));
    const answered = this.#next('answer');
    this.#send({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp }) });
    this.#sending.acceptAnswer((await answered).sdp);
    await this.#sending.connected;
  }

  /** The server subscribes everyone. */
  async watch(): Promise<void> {}

  async leave(): Promise<void> {
    clearInterval(this.#pinging);
    this.#socket?.close();
    this.#sending.close();
    this.#receiving.close();
  }

  #next<Case extends NonNullable<Response['message']['case']>>(name: Case): Promise<Message<Case>> {
    return new Promise((resolve) => this.#waiting.set(name, resolve));
  }

  #send(message: Request['message']): void {
    this.#socket?.send(new this.#protocol.SignalRequest({ message }).toBinary());
  }

  #receive({ message }: Response): void {
    const { SessionDescription, SignalTarget } = this.#protocol;
    if (message.case === 'offer') {
      const { sdp, id } = message.value;
      const answer = new SessionDescription({ type: 'answer', sdp: this.#receiving.answer(sdp), id });
      this.#send({ case: 'answer', value: answer });
    } else if (message.case === 'trickle') {
      const { candidate } = JSON.parse(message.value.candidateInit) as { candidate: string };
      const isOfReceiving = message.value.target === SignalTarget.SUBSCRIBER;
      (isOfReceiving ? this.#receiving : this.#sending).addCandidates(trickledCandidate(candidate));
    }
    const { case: name, value } = message;
    if (name === undefined) {
      return;
    }
    this.#waiting.get(name)?.(value as never);
    this.#waiting.delete(name);
  }
}
