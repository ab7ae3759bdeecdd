import { randomBytes, randomUUID } from 'node:crypto';
import { CanopyError, type ErrorCode } from '../../../base/index.ts';
import type { EventData, EventName, RtpCapabilities } from '../../../contract/index.ts';
import type { Peer, PeerConnection, PeerMedia, Room, RoomLogEntry } from '../../kernel/index.ts';
import { type Offer, readIceFragment, type Section, type ServerTransport } from './sdp/index.ts';
import type { StreamKeyRow } from './tables.ts';

/** How long a program may take to connect its media, in milliseconds. */
const CONNECT_MS = 20_000;
/** Timers hold at most 2^31 ms. */
const MAX_TIMER_MS = 86_400_000;

type CreatedTransport = Awaited<ReturnType<PeerMedia['createTransport']>>;

export interface StreamSessionOptions {
  key: StreamKeyRow;
  room: Room;
  /** How long a program that is cut off is waited for, in milliseconds. */
  resumeMs: number;
  /** It has ended. */
  onEnded(): void;
}

/** The server's ICE parameters and candidates, for the answer to an ICE restart. */
export type RestartedIce = Pick<CreatedTransport, 'iceParameters' | 'iceCandidates'>;

type EventHandlers = { [N in EventName]?: (data: EventData<N>) => void };

/**
 * One program's session: the resource of RFC 9725 §4.2. It takes the place of a connection for its peer, and lasts until the program deletes it or is
 * cut off for too long, its key expires or is revoked, or the peer leaves the room for another reason. Owned by Streams.
 */
export abstract class StreamSession implements PeerConnection {
  readonly sessionId = randomUUID();
  readonly origin = '';
  readonly key: StreamKeyRow;
  protected readonly room: Room;
  readonly #options: StreamSessionOptions;
  readonly #handlers: EventHandlers;
  #peer: Peer | undefined;
  #transport: CreatedTransport | undefined;
  #offer: Offer | undefined;
  #etag = newEtag();
  #remoteUfrag = '';
  #ended = false;
  #expiryTimer: NodeJS.Timeout | undefined;
  #lossTimer: NodeJS.Timeout | undefined;

  constructor(options: StreamSessionOptions) {
    this.#options = options;
    this.key = options.key;
    this.room = options.room;
    this.#handlers = {
      'transport.state': ({ transportId, state }) => {
        if (transportId === this.#transport?.transportId) {
          this.#transportChanged(state);
        }
      },
      // A program cannot follow: it notices the loss, and starts a new session.
      'room.rehome': () => this.end('ROOM_REHOMING'),
      ...this.handlers(),
    };
    this.#watchExpiry();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Identifies the state of its ICE. */
  get etag(): string {
    return this.#etag;
  }

  get peer(): Peer {
    if (!this.#peer || this.#ended) {
      throw new CanopyError('STREAM_UNKNOWN');
    }
    return this.#peer;
  }

  /** The media of its peer. @throws {CanopyError} STREAM_UNKNOWN, ROOM_NOT_JOINED */
  protected get media(): PeerMedia {
    return this.room.mediaOf(this.peer);
  }

  protected get transportId(): string {
    return this.#transport?.transportId ?? '';
  }

  /** Gives it its peer, which is about to be seated. */
  take(peer: Peer): void {
    this.#peer = peer;
  }

  isIn(room: Room): boolean {
    return this.room === room;
  }

  /** The section whose candidates stand for all. */
  get taggedSection(): Section {
    const [first] = this.#offer?.usable ?? [];
    if (!first) {
      throw new CanopyError('STREAM_UNKNOWN');
    }
    return first;
  }

  /** Creates its transport and connects it to the program's. */
  async open(offer: Offer, rtpCapabilities?: RtpCapabilities): Promise<ServerTransport> {
    const transport = await this.media.createTransport(
      rtpCapabilities ? { direction: 'recv', rtpCapabilities, ownPayloadTypes: true } : { direction: 'send' },
    );
    this.#transport = transport;
    this.#offer = offer;
    this.#remoteUfrag = offer.iceUfrag;
    this.#endAfter(CONNECT_MS);
    await this.media.connectTransport(transport.transportId, offer.dtlsParameters);
    const { iceParameters, iceCandidates, binding } = transport;
    return { iceParameters, iceCandidates, fingerprint: binding.fingerprint };
  }

  /** Follows the log of its room. */
  follow({ kind, data }: RoomLogEntry): void {
    if (kind === 'participant.left' && data.participantId === this.#peer?.participantId) {
      this.end();
    }
  }

  /**
   * Handles a PATCH: candidates, which an ICE-lite server need not know, or an ICE restart. Undefined: no restart.
   *
   * @throws {CanopyError} PRECONDITION_REQUIRED, PRECONDITION_FAILED, SDP_INVALID, STREAM_UNKNOWN
   */
  async patch(ifMatch: string | undefined, body: string): Promise<RestartedIce | undefined> {
    if (ifMatch === undefined) {
      throw new CanopyError('PRECONDITION_REQUIRED');
    }
    if (!ifMatch.split(',').some((tag) => ['*', this.#etag].includes(tag.trim()))) {
      throw new CanopyError('PRECONDITION_FAILED');
    }
    const { usernameFragment } = readIceFragment(body);
    const transport = this.#transport;
    if (!transport || this.#ended) {
      throw new CanopyError('STREAM_UNKNOWN');
    }
    if (usernameFragment === this.#remoteUfrag) {
      return undefined;
    }
    const iceParameters = await this.media.restartIce(transport.transportId);
    this.#remoteUfrag = usernameFragment;
    this.#etag = newEtag();
    return { iceParameters, iceCandidates: transport.iceCandidates };
  }

  send<N extends EventName>(event: N, data: EventData<N>): void {
    if (!this.#ended) {
      this.#handlers[event]?.(data);
    }
  }

  /** Ends it, and its peer leaves. Idempotent. */
  end(_code?: ErrorCode): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    clearTimeout(this.#expiryTimer);
    clearTimeout(this.#lossTimer);
    if (this.#peer) {
      this.room.remove(this.#peer, 'left');
    }
    this.#options.onEnded();
  }

  /** What else it does about events. Called once, by the constructor. */
  protected abstract handlers(): EventHandlers;

  #transportChanged(state: EventData<'transport.state'>['state']): void {
    if (state === 'connected') {
      clearTimeout(this.#lossTimer);
      this.#lossTimer = undefined;
    } else if (state === 'disconnected') {
      this.#endAfter(this.#options.resumeMs);
    } else if (state === 'failed' || state === 'closed') {
      this.end();
    }
  }

  #endAfter(milliseconds: number): void {
    clearTimeout(this.#lossTimer);
    this.#lossTimer = setTimeout(() => this.end(), milliseconds);
  }

  #watchExpiry(): void {
    const restMs = this.key.expires_at_ms - Date.now();
    if (restMs <= 0) {
      this.end();
      return;
    }
    this.#expiryTimer = setTimeout(() => this.#watchExpiry(), Math.min(restMs, MAX_TIMER_MS));
  }
}

function newEtag(): string {
  return `"${randomBytes(8).toString('hex')}"`;
}
