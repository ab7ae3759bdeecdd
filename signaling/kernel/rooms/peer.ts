import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../../../base/index.ts';
import type { EventData, EventName, Participant, Role } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import type { Holder } from '../budgets/index.ts';

/** What a peer needs of its connection: a way to be told things. Sending never waits and never throws. */
export interface PeerConnection {
  /** The origin that the client dialled. */
  readonly origin: string;
  send<N extends EventName>(event: N, data: EventData<N>): void;
  /** Ends the connection, telling why. */
  end(code: ErrorCode): void;
}

/** One session of one device in a room. Outlives its connection for a grace time. */
export class Peer {
  readonly peerId: string;
  readonly device: VerifiedDevice;
  /** Changed by Room.setRole(). */
  role: Role;
  readonly displayName: string;
  /** The holder its seat counts against. */
  readonly holder: Holder;
  /** Participants that it hosts by id: a browser itself; a bridge its phones. */
  readonly participants = new Map<string, Participant>();
  /** When they joined, as Unix time in milliseconds, by id. */
  readonly enteredAtMs = new Map<string, number>();
  /** Its own participant; undefined for a bridge. */
  readonly participantId: string | undefined;
  /** Whether it ever had a transport; without one, there is nothing to resume. */
  hadTransport = false;
  /** Releases its seat's share of the budgets. */
  releaseSeat: () => void = () => undefined;
  connection: PeerConnection | null;
  graceTimer: NodeJS.Timeout | undefined;

  constructor(options: {
    peerId?: string | undefined;
    device: VerifiedDevice;
    role: Role;
    displayName: string;
    /** The name in the certificate. Default: `displayName`. */
    certifiedName?: string | undefined;
    holder: Holder;
    connection: PeerConnection;
  }) {
    this.peerId = options.peerId ?? randomUUID();
    this.device = options.device;
    this.role = options.role;
    this.displayName = options.displayName;
    this.holder = options.holder;
    this.connection = options.connection;
    if (options.role !== 'bridge') {
      const { certifiedName = this.displayName } = options;
      const participant = this.newParticipant({
        displayName: this.displayName,
        ...(certifiedName !== this.displayName && { certifiedName }),
        kind: 'user',
        role: this.role,
      });
      this.participantId = participant.participantId;
      this.addParticipant(participant);
    }
  }

  send<N extends EventName>(event: N, data: EventData<N>): void {
    this.connection?.send(event, data);
  }

  addParticipant(participant: Participant): void {
    this.participants.set(participant.participantId, participant);
    this.enteredAtMs.set(participant.participantId, Date.now());
  }

  /** Returns false if it has already gone. */
  removeParticipant(participantId: string): boolean {
    this.enteredAtMs.delete(participantId);
    return this.participants.delete(participantId);
  }

  /** A participant of this peer, not yet in the room. */
  newParticipant(
    told: Pick<Participant, 'displayName' | 'certifiedName' | 'kind' | 'role' | 'callState'>,
  ): Participant {
    return {
      participantId: randomUUID(),
      peerId: this.peerId,
      accountId: this.device.accountId,
      connected: this.connection !== null,
      ...told,
    };
  }
}
