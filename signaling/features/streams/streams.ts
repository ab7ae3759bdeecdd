import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { types } from 'mediasoup-client';
import { CanopyError } from '../../../base/index.ts';
import type { RtpCapabilities, StreamDirection } from '../../../contract/index.ts';
import {
  AccountRate,
  type Holder,
  iceServers,
  type Kernel,
  mainRoomOf,
  Peer,
  type Room,
  type RoomLogEntry,
  type RoomRecord,
  type StreamPrincipal,
} from '../../kernel/index.ts';
import { PublishedStream } from './published-stream.ts';
import {
  type AcceptedSection,
  kindOf,
  type Offer,
  readOffer,
  type ServerTransport,
  sentMedia,
  watchedMedia,
  writeAnswer,
} from './sdp/index.ts';
import { accountIdOf } from './stream-keys.ts';
import type { StreamSession, StreamSessionOptions } from './stream-session.ts';
import type { StreamKeyRow } from './tables.ts';
import { type View, WatchedRoom } from './watched-room.ts';

/** Sessions that programs with one key may start at once, and per second after that. */
const STARTS_AT_ONCE = 20;
const STARTS_PER_SECOND = 0.2;
/** Sections with audio that a viewer may have. */
const MAX_VOICES = 8;
/** How many revoked keys are remembered while sessions with them may be starting. */
const MAX_REVOKED = 10_000;

export interface StartedStream {
  session: StreamSession;
  answer: string;
  iceServers: ReturnType<typeof iceServers>;
}

/** The sessions of all programs that send into rooms or watch them. */
export class Streams {
  readonly #kernel: Kernel;
  readonly #sessions = new Map<string, StreamSession>();
  readonly #revoked = new LRUCache<string, true>({ max: MAX_REVOKED });
  readonly #rate = new AccountRate('sessions of this stream key', {
    perSecond: STARTS_PER_SECOND,
    burst: STARTS_AT_ONCE,
  });

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Programs that use a key now. */
  countOf(keyId: string): number {
    return this.#of(({ key }) => key.key_id === keyId).length;
  }

  /** Programs that send, or that watch. */
  count(direction: StreamDirection): number {
    return this.#of(({ key }) => key.direction === direction).length;
  }

  /** A session that was started with this key. @throws {CanopyError} STREAM_UNKNOWN */
  get(sessionId: string, { key_id: keyId }: StreamKeyRow): StreamSession {
    const session = this.#sessions.get(sessionId);
    if (session?.key.key_id !== keyId) {
      throw new CanopyError('STREAM_UNKNOWN');
    }
    return session;
  }

  /**
   * Starts to send into the key's room. An earlier session with the key ends.
   *
   * @throws {CanopyError} SDP_INVALID, SDP_UNACCEPTABLE, FINGERPRINT_INVALID, MEDIA_REJECTED; and as for people: FORBIDDEN, ROOM_LOCKED, ROOM_FULL, …
   */
  async publish(key: StreamKeyRow, sdp: string, network: string): Promise<StartedStream> {
    const offer = this.#read(key, sdp);
    const sections = (['audio', 'video'] as const).flatMap(
      (kind) => offer.usable.find(({ type }) => type === kind) ?? [],
    );
    const sent = sections.map((section) => sentMedia(offer, section));
    const holder: Holder = { account: accountIdOf(key.key_id), address: network };
    const principal = principalOf(key, key.key_id);
    const session = await this.#enter(principal, key, holder, (options) => new PublishedStream(options));
    return this.#start(session, { offer }, async (transport) => {
      await session.produce(sent);
      const accepted = sent.map(({ section, answer, rtpParameters }) => {
        const rids = new Set(rtpParameters.encodings?.map(({ rid }) => rid));
        const offered = (section.rids ?? []).map(({ id }) => String(id));
        return { section, answer, rids: offered.filter((rid) => rids.has(rid)) };
      });
      return writeAnswer(offer, 'publish', inOrder(offer, accepted), transport);
    });
  }

  /**
   * Starts to watch the key's room.
   *
   * @throws {CanopyError} STREAM_NOT_LIVE - nobody is in the room
   * @throws {CanopyError} SDP_INVALID, SDP_UNACCEPTABLE, FINGERPRINT_INVALID, LIMIT_REACHED; and as for people: FORBIDDEN, ROOM_LOCKED, ROOM_FULL, …
   */
  async watch(key: StreamKeyRow, sdp: string, network: string, view: View): Promise<StartedStream> {
    const offer = this.#read(key, sdp);
    if (!this.#kernel.rooms.find(key.room_id)) {
      throw new CanopyError('STREAM_NOT_LIVE');
    }
    const { viewersPerStreamKey } = this.#kernel.config.limits;
    if (this.countOf(key.key_id) >= viewersPerStreamKey) {
      throw new CanopyError('LIMIT_REACHED', `at most ${viewersPerStreamKey} viewers with one key`);
    }
    const { sections, rtpCapabilities } = watchedMedia(offer, MAX_VOICES);
    // All viewers with a key count as one that came by a link, not as one account.
    const holder: Holder = { invitation: `stream key ${key.key_id}`, address: network };
    const principal = principalOf(key, randomUUID());
    const { sfu } = this.#kernel;
    const session = await this.#enter(
      principal,
      key,
      holder,
      (options) => new WatchedRoom({ ...options, sfu, view }),
    );
    return this.#start(session, { offer, rtpCapabilities }, async (transport) => {
      await session.watch(
        sections.map(({ section }) => ({ mid: String(section.mid), kind: kindOf(section) })),
      );
      return writeAnswer(offer, 'watch', sections, transport);
    });
  }

  /** Ends what uses a key that was revoked. */
  endKey(keyId: string): void {
    this.#revoked.set(keyId, true);
    for (const session of this.#of(({ key }) => key.key_id === keyId)) {
      session.end();
    }
  }

  follow(room: Room, entry: RoomLogEntry): void {
    for (const session of this.#of((each) => each.isIn(room))) {
      session.follow(entry);
    }
  }

  /** Ends all sessions. */
  close(): void {
    for (const session of [...this.#sessions.values()]) {
      session.end();
    }
  }

  /** Reads an offer before anything is opened for it. */
  #read(key: StreamKeyRow, sdp: string): Offer {
    this.#rate.take({ accountId: accountIdOf(key.key_id) });
    return readOffer(sdp, key.direction, this.#kernel.sfu.routerRtpCapabilities as types.RtpCapabilities);
  }

  /** Seats a new session in its room, by the rules for people. */
  async #enter<S extends StreamSession>(
    principal: StreamPrincipal,
    key: StreamKeyRow,
    holder: Holder,
    create: (options: StreamSessionOptions) => S,
  ): Promise<S> {
    const { rooms, sfu, config } = this.#kernel;
    const record = await rooms.record(key.room_id);
    await this.#kernel.demandAccess(principal, record);
    this.#demandOpen(principal, key, record);
    sfu.admit(record.roomId);
    const { room } = await rooms.enter(record, principal, holder);
    let session: S | undefined;
    try {
      // All of this may have changed meanwhile.
      this.#demandOpen(principal, key, room.record);
      session = create({
        key,
        room,
        resumeMs: config.limits.resumeSeconds * 1000,
        onEnded: () => this.#sessions.delete(session?.sessionId ?? ''),
      });
      const peer = new Peer({ principal, holder, connection: session });
      session.take(peer);
      room.add(peer);
      this.#sessions.set(session.sessionId, session);
      void this.#kernel.entered.run({ room, peer }).catch((error: unknown) => {
        this.#kernel.log.warn({ err: error }, 'after an entry');
      });
      return session;
    } catch (error) {
      session?.end();
      rooms.closeIfEmpty(room);
      throw error;
    }
  }

  /** @throws {CanopyError} SERVER_CLOSING, STREAM_KEY_INVALID, KICKED, ROOM_LOCKED, ROOM_REHOMING */
  #demandOpen(principal: StreamPrincipal, { key_id: keyId }: StreamKeyRow, record: RoomRecord): void {
    const { draining, rooms, entry } = this.#kernel;
    if (draining) {
      throw new CanopyError('SERVER_CLOSING');
    }
    if (this.#revoked.has(keyId)) {
      throw new CanopyError('STREAM_KEY_INVALID');
    }
    if (rooms.isBarred(mainRoomOf(record), principal.accountId)) {
      throw new CanopyError('KICKED');
    }
    entry.checkLock(principal, record);
  }

  /** Opens a session's transport and starts its media. It ends if that fails. */
  async #start(
    session: StreamSession,
    { offer, rtpCapabilities }: { offer: Offer; rtpCapabilities?: RtpCapabilities },
    begin: (transport: ServerTransport) => Promise<string>,
  ): Promise<StartedStream> {
    const { log, config } = this.#kernel;
    try {
      const transport = await session.open(offer, rtpCapabilities);
      const answer = await begin(transport);
      const { sessionId, key, peer } = session;
      log.info({ sessionId, keyId: key.key_id, roomId: key.room_id, peerId: peer.peerId }, 'stream started');
      return { session, answer, iceServers: iceServers(config, peer.peerId) };
    } catch (error) {
      session.end();
      throw error;
    }
  }

  #of(matches: (session: StreamSession) => boolean): StreamSession[] {
    return [...this.#sessions.values()].filter(matches);
  }
}

function principalOf({ key_id: keyId, direction, name }: StreamKeyRow, deviceId: string): StreamPrincipal {
  return { kind: 'stream', direction, accountId: accountIdOf(keyId), deviceId, displayName: name };
}

/** Sections in the order of the offer, whose first one has the candidates. */
function inOrder<S extends AcceptedSection>({ sections }: Offer, accepted: readonly S[]): S[] {
  return accepted.toSorted((a, b) => sections.indexOf(a.section) - sections.indexOf(b.section));
}
