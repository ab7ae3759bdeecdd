import { CanopyError, type Logger } from '../../base/index.ts';
import type {
  BridgeMedia,
  BridgeParticipant,
  BridgeSession,
  FrameEncryption,
  NewParticipant,
  Overhearing,
} from '../../client/sdk/index.ts';
import { isCallRoom } from '../../contract/index.ts';
import type { MediaPool, PayloadTransformModule } from '../media/index.ts';
import { type Announced, type AnnouncementSounds, Announcements } from './announcements.ts';
import { BridgeEncryption } from './bridge-encryption.ts';
import { PhoneSeat } from './phone-seat.ts';

/** Events of a seat. */
export interface SeatEvents {
  /** A moderator muted or unmuted the phone. The room already shows it. */
  muted(muted: boolean): void;
  /** A moderator allows the phone to unmute, and asks it to. */
  asked(): void;
  /** Nobody but this phone is in the room, or somebody has come. Emitted first when the phone is connected. */
  alone(isAlone: boolean): void;
  /** What is said in the room is recorded, streamed or transcribed from now on, or no longer. Emitted first when the phone is connected, if it is. */
  overheard(how: Overhearing, isOn: boolean): void;
  /** A call that a phone here placed into the room has failed. */
  callFailed(callId: string): void;
  /** The phone is to go to another room of the same meeting. */
  moved(roomId: string): void;
  /** The seat is gone: a moderator removed the phone, or the room was lost. */
  ended(reason: 'kicked' | 'lost'): void;
}

export interface RoomBridgeOptions {
  roomId: string;
  pool: MediaPool;
  log: Logger;
  /** Enters the room, and gives its keys to `encryption` if it is end-to-end encrypted. */
  join(roomId: string, encryption: FrameEncryption): Promise<BridgeSession>;
  /** Makes the sounds that tell phones who comes and goes. */
  announcement: AnnouncementSounds;
  /** Transforms the payloads between the phones and the room. Default: none. */
  transform?: PayloadTransformModule;
  /** Called once, when the bridge starts closing: the last phone left, or the room was lost. */
  onClosed(): void;
}

interface Seated {
  seat: PhoneSeat;
  events: SeatEvents;
  /** As last reported to the phone's leg. */
  isAlone?: boolean;
  readonly overheard: Set<Overhearing>;
}

const NOTHING: ReadonlySet<string> = new Set();
const LOOPBACK = '127.0.0.1';
/** Payload type of the phones' Opus. */
const PAYLOAD_TYPE = 111;
/** Header extension id of the audio level in the phones' packets. */
const AUDIO_LEVEL_ID = 1;

/**
 * The gateway's side of one room: one session with the server, one socket and mixer in a media thread, and the phones' seats. After a
 * reconnect or a re-homing the session restores participants and producers; the mixer only gets new addresses. Closes when the last
 * phone leaves.
 */
export class RoomBridge {
  readonly roomId: string;
  readonly #options: RoomBridgeOptions;
  readonly #log: Logger;
  readonly #seats = new Map<BridgeParticipant, Seated>();
  readonly #ready: Promise<BridgeSession>;
  readonly #announcements: Announcements;
  readonly #encryption: BridgeEncryption;
  #session: BridgeSession | undefined;
  /** Calls that are entering; they keep the room open too. */
  #entering = 0;
  #closed: Promise<void> | undefined;

  constructor(options: RoomBridgeOptions) {
    this.#options = options;
    this.roomId = options.roomId;
    this.#log = options.log.child({ roomId: options.roomId });
    const { roomId, pool, announcement } = options;
    this.#announcements = new Announcements({
      roomId,
      pool,
      sounds: announcement,
      phones: () => [...this.#seats.values()].filter(({ seat }) => seat.connected).length,
      people: () => this.others + 1,
      log: this.#log,
    });
    this.#encryption = new BridgeEncryption({
      roomId,
      pool,
      log: this.#log,
      onFailed: () => this.#lost(new CanopyError('ENCRYPTION_INVALID', 'the gateway gets no keys')),
    });
    this.#ready = this.#open();
    // enter() reports the failure.
    this.#ready.catch(() => {});
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get phones(): number {
    return this.#seats.size;
  }

  /** Whether callers are asked for their names. */
  get asksForNames(): boolean {
    return this.#session?.info.phoneAnnouncements === 'recorded';
  }

  get locked(): boolean {
    return this.#session?.info.locked ?? false;
  }

  /** Number of other participants, phones included, as seen by one phone. */
  get others(): number {
    return (this.#session?.participants.size ?? 0) + this.#seats.size - 1;
  }

  /** Adds a phone. @throws {CanopyError} ROOM_FULL, LIMIT_REACHED, WORKER_UNAVAILABLE, CONNECTION_LOST or another server error */
  async enter(phone: NewParticipant, events: SeatEvents): Promise<PhoneSeat> {
    this.#entering += 1;
    try {
      const session = await this.#ready;
      return this.#seat(await session.addParticipant(phone), events);
    } finally {
      this.#entering -= 1;
      this.#closeIfEmpty();
    }
  }

  /**
   * Gives the participant of a seat to another call, which connects with a stream of its own. Undefined if the seat has been left or lost.
   */
  handOver(before: PhoneSeat, events: SeatEvents): PhoneSeat | undefined {
    const { participant } = before;
    if (this.#seats.get(participant)?.seat !== before) {
      return undefined;
    }
    before.release();
    return this.#seat(participant, events);
  }

  #seat(participant: BridgeParticipant, events: SeatEvents): PhoneSeat {
    const seat = new PhoneSeat({
      pool: this.#options.pool,
      roomId: this.roomId,
      participant,
      payloadType: PAYLOAD_TYPE,
      audioLevelExtensionId: AUDIO_LEVEL_ID,
      // A transform knows Opus only, and so does encryption.
      playable: () =>
        this.#options.transform || this.#isEncrypted ? NOTHING : (this.#session?.playable ?? NOTHING),
      log: this.#log,
      onConnect: () =>
        this.#announce('joined', { name: participant.displayName, spokenName: seat.spokenName }),
      onJoined: () => {
        this.#checkCompany();
        this.#checkListeners();
      },
      onLeave: (wasConnected) => {
        this.#seats.delete(participant);
        this.#checkCompany();
        if (wasConnected) {
          this.#announce('left', { name: participant.displayName, spokenName: seat.spokenName });
        }
        this.#closeIfEmpty();
      },
    });
    this.#seats.set(participant, { seat, events, overheard: new Set() });
    return seat;
  }

  get #isEncrypted(): boolean {
    return this.#session?.encryption?.state !== undefined;
  }

  /** Leaves the room and closes its mixer. Idempotent; never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #open(): Promise<BridgeSession> {
    const { pool, roomId, join } = this.#options;
    const session = await join(roomId, this.#encryption);
    this.#session = session;
    try {
      this.#listen(session);
      this.#encryption.follow(session);
      const { port } = await pool.openRoom({ roomId, ip: LOOPBACK, port: 0 });
      this.#encryption.opened();
      await session.open({ address: LOOPBACK, port });
      return session;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Tells each phone whether anybody else is there. Phones that still ring, or are asked for a PIN, are not. */
  #checkCompany(): void {
    // In a direct call somebody is there, or about to be.
    if (this.closed || isCallRoom(this.roomId)) {
      return;
    }
    const people = this.#session?.participants.size ?? 0;
    for (const seated of this.#seats.values()) {
      const isAlone =
        people === 0 && [...this.#seats.values()].every((each) => each === seated || !each.seat.joined);
      if (seated.seat.connected && seated.isAlone !== isAlone) {
        seated.isAlone = isAlone;
        seated.events.alone(isAlone);
      }
    }
  }

  /** Tells each phone what happens with what is said in the room. */
  #checkListeners(): void {
    const now: ReadonlySet<Overhearing> = this.#session?.overheard ?? new Set();
    for (const { events, overheard } of [...this.#seats.values()].filter(({ seat }) => seat.connected)) {
      for (const how of new Set([...overheard, ...now])) {
        const isOn = now.has(how);
        if (overheard.has(how) !== isOn) {
          overheard[isOn ? 'add' : 'delete'](how);
          events.overheard(how, isOn);
        }
      }
    }
  }

  #announce(kind: 'joined' | 'left', who: Announced): void {
    if (this.#session && !this.closed) {
      this.#announcements.announce(kind, who, this.#session);
    }
  }

  #listen(session: BridgeSession): void {
    session.on('participant-joined', ({ displayName }) => {
      this.#checkCompany();
      this.#announce('joined', { name: displayName, spokenName: null });
    });
    session.on('participant-left', ({ displayName }) => {
      this.#checkCompany();
      this.#announce('left', { name: displayName, spokenName: null });
    });
    session.on('media', (media) => this.#connect(session, media));
    session.on('action', (participant, action) => {
      const events = this.#seats.get(participant)?.events;
      if (action === 'kick') {
        events?.ended('kicked');
      } else if (action === 'mute' || action === 'unmute') {
        events?.muted(action === 'mute');
      }
    });
    session.on('overheard', () => this.#checkListeners());
    session.on('call-failed', (callId) => {
      for (const { events } of [...this.#seats.values()]) {
        events.callFailed(callId);
      }
    });
    session.on('playable', () => {
      for (const { seat } of this.#seats.values()) {
        seat.choose();
      }
    });
    session.on('asked', (participant) => this.#seats.get(participant)?.events.asked());
    session.on('move', (participant, roomId) => this.#seats.get(participant)?.events.moved(roomId));
    session.on('state', (state, error) => {
      if (state === 'closed') {
        this.#lost(error);
      } else {
        this.#log.info({ state, err: error }, 'room bridge state changed');
      }
    });
    session.on('rehome', (reason) => this.#log.info({ reason }, 'room is being re-homed'));
    session.on('error', (error) => this.#log.warn({ err: error }, 'room bridge error'));
  }

  #connect(session: BridgeSession, { send, recv }: BridgeMedia): void {
    const opus = session.routerRtpCapabilities.codecs?.find(
      ({ mimeType }) => mimeType.toLowerCase() === 'audio/opus',
    );
    const connection = {
      sendTo: { address: send.address, port: send.port },
      receiveFrom: { address: recv.address, port: recv.port },
      sendPayloadType: PAYLOAD_TYPE,
      receivePayloadType: opus?.preferredPayloadType ?? PAYLOAD_TYPE,
      audioLevelExtensionId: AUDIO_LEVEL_ID,
      transform: this.#options.transform,
      encrypted: this.#isEncrypted,
    };
    this.#options.pool.request('room.connect', { roomId: this.roomId, connection }).catch((error) => {
      if (!this.closed) {
        this.#log.error({ err: error }, 'could not connect the mixer to the room');
      }
    });
  }

  /** The server or a lost connection ended the session: ends the room's calls. */
  #lost(error: CanopyError | undefined): void {
    if (this.closed) {
      return;
    }
    this.#log.warn({ err: error }, 'room bridge lost');
    for (const { events } of [...this.#seats.values()]) {
      events.ended('lost');
    }
    void this.close();
  }

  #closeIfEmpty(): void {
    if (this.#seats.size === 0 && this.#entering === 0) {
      void this.close();
    }
  }

  async #close(): Promise<void> {
    this.#options.onClosed();
    const { pool, roomId } = this.#options;
    await this.#session?.leave();
    await pool.closeRoom(roomId).catch(() => {});
  }
}
