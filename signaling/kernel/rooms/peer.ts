import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../../../base/index.ts';
import type { EventData, EventName, Participant } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import type { Holder } from '../budgets/index.ts';
import {
  MODERATING_PHONE,
  PHONE,
  type PhonePrincipal,
  type SeatPrincipal,
  serverRoleOf,
} from '../principals/index.ts';

/** The connection of a peer, for sending events. Sending neither blocks nor throws. */
export interface PeerConnection {
  /** The origin that the client connected to. */
  readonly origin: string;
  send<N extends EventName>(event: N, data: EventData<N>): void;
  /** Tells the client the reason and ends the connection. */
  end(code: ErrorCode): void;
}

/** A seat in a room: a device's, or a stream's. Outlives its connection for a grace period. */
export class Peer {
  readonly peerId: string;
  /** Who has the seat, as authenticated on the latest connection. */
  principal: SeatPrincipal;
  displayName: string;
  /** The holder its seat counts against. */
  readonly holder: Holder;
  /** The participants that it hosts, by id: a person's own, or the phones of a bridge. */
  readonly participants = new Map<string, Participant>();
  /** When the participants joined, by id, as Unix time in milliseconds. */
  readonly enteredAtMs = new Map<string, number>();
  /** Its own participant; undefined for a bridge. */
  readonly participantId: string | undefined;
  /** Whether it ever had a transport; without one, there is nothing to resume. */
  hadTransport = false;
  /** Position of the room's log when the peer entered. It gets no earlier entries. */
  enteredSeq = 0;
  /** Releases its seat's share of the budgets. */
  releaseSeat: () => void = () => undefined;
  connection: PeerConnection | null;
  graceTimer: NodeJS.Timeout | undefined;
  /** Ids of its phones that moderate the room. */
  readonly #moderatingPhones = new Set<string>();

  constructor(options: {
    peerId?: string | undefined;
    principal: SeatPrincipal;
    /** Default: the name in the certificate. */
    displayName?: string | undefined;
    holder: Holder;
    connection: PeerConnection;
  }) {
    this.peerId = options.peerId ?? randomUUID();
    const { principal } = options;
    this.principal = principal;
    this.displayName = options.displayName ?? principal.displayName;
    this.holder = options.holder;
    this.connection = options.connection;
    if (principal.kind !== 'bridge') {
      const participant = this.newParticipant({
        ...this.#named(this.displayName),
        kind: principal.kind === 'stream' ? 'stream' : 'user',
        role: serverRoleOf(principal),
      });
      this.participantId = participant.participantId;
      this.addParticipant(participant);
    }
  }

  /** Its certified device; undefined for a stream. */
  get device(): VerifiedDevice | undefined {
    return this.principal.kind === 'stream' ? undefined : this.principal.device;
  }

  get deviceId(): string {
    return this.principal.kind === 'stream' ? this.principal.deviceId : this.principal.device.deviceId;
  }

  get accountId(): string {
    return this.principal.accountId;
  }

  /** The principal of one of its participants: a bridge hosts phones, others only themselves. */
  principalOf(participantId: string): SeatPrincipal | PhonePrincipal {
    if (participantId === this.participantId) {
      return this.principal;
    }
    return this.#moderatingPhones.has(participantId) ? MODERATING_PHONE : PHONE;
  }

  /** Makes one of its phones a moderator of the room, before it enters. */
  makeModerator(participantId: string): void {
    this.#moderatingPhones.add(participantId);
  }

  /** One of its participants with a new name. */
  renamed(participant: Participant, displayName: string): Participant {
    if (participant.participantId !== this.participantId) {
      return { ...participant, displayName };
    }
    this.displayName = displayName;
    const { certifiedName: _, ...rest } = participant;
    return { ...rest, ...this.#named(displayName) };
  }

  send<N extends EventName>(event: N, data: EventData<N>): void {
    this.connection?.send(event, data);
  }

  addParticipant(participant: Participant): void {
    this.participants.set(participant.participantId, participant);
    this.enteredAtMs.set(participant.participantId, Date.now());
  }

  /** Returns false if it has already left. */
  removeParticipant(participantId: string): boolean {
    this.enteredAtMs.delete(participantId);
    this.#moderatingPhones.delete(participantId);
    return this.participants.delete(participantId);
  }

  /** Creates a participant of this peer, not yet in the room. */
  newParticipant(
    details: Pick<
      Participant,
      | 'displayName'
      | 'certifiedName'
      | 'kind'
      | 'role'
      | 'callState'
      | 'callEncrypted'
      | 'deviceVerified'
      | 'attributes'
    >,
  ): Participant {
    return {
      participantId: randomUUID(),
      peerId: this.peerId,
      accountId: this.accountId,
      connected: this.connection !== null,
      ...details,
    };
  }

  /** Its display name, with the certified name if the two differ. */
  #named(displayName: string): Pick<Participant, 'displayName' | 'certifiedName'> {
    const certifiedName = this.principal.displayName;
    return { displayName, ...(certifiedName !== displayName && { certifiedName }) };
  }
}
