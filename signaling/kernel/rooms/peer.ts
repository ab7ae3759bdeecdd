import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../../../base/index.ts';
import type { EventData, EventName, Participant, ProducerInfo } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import type { Holder } from '../budgets/index.ts';
import { type PeerPrincipal, PHONE, type PhonePrincipal, serverRoleOf } from '../principals/index.ts';
import { MediaPaths } from './media-paths.ts';

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
  /** Who has the seat, as proved on the latest connection. */
  principal: PeerPrincipal;
  readonly displayName: string;
  /** The holder its seat counts against. */
  readonly holder: Holder;
  /** Participants that it hosts by id: a browser itself; a bridge its phones. */
  readonly participants = new Map<string, Participant>();
  /** When they joined, as Unix time in milliseconds, by id. */
  readonly enteredAtMs = new Map<string, number>();
  /** Its own participant; undefined for a bridge. */
  readonly participantId: string | undefined;
  readonly producers = new Map<string, ProducerInfo>();
  /** Its transports' ids by direction. */
  readonly transports = new Map<'send' | 'recv', string>();
  /** Whether media gets through on the transports. */
  readonly media = new MediaPaths();
  /** Producer by consumer. */
  readonly consumers = new Map<string, string>();
  /** How many of each were asked for and are being made. */
  readonly pending = { producers: 0, consumers: 0 };
  /** Producers that are being created, as source, participant and transport. */
  readonly pendingVoices = new Set<string>();
  /** Whether it ever had a transport; without one, there is nothing to resume. */
  hadTransport = false;
  /** The room's log when it entered: it is not told of anything earlier. */
  enteredSeq = 0;
  /** Releases its seat's share of the budgets. */
  releaseSeat: () => void = () => undefined;
  connection: PeerConnection | null;
  /** The room's media generation that its transports belong to. */
  generation: number;
  graceTimer: NodeJS.Timeout | undefined;

  constructor(options: {
    peerId?: string | undefined;
    principal: PeerPrincipal;
    /** Default: the name in the certificate. */
    displayName?: string | undefined;
    holder: Holder;
    connection: PeerConnection;
    generation: number;
  }) {
    this.peerId = options.peerId ?? randomUUID();
    const { principal } = options;
    this.principal = principal;
    this.displayName = options.displayName ?? principal.displayName;
    this.holder = options.holder;
    this.connection = options.connection;
    this.generation = options.generation;
    if (principal.kind === 'device') {
      const certifiedName = principal.displayName;
      const participant = this.newParticipant({
        displayName: this.displayName,
        ...(certifiedName !== this.displayName && { certifiedName }),
        kind: 'user',
        role: serverRoleOf(principal),
      });
      this.participantId = participant.participantId;
      this.addParticipant(participant);
    }
  }

  get device(): VerifiedDevice {
    return this.principal.device;
  }

  /** Who one of its participants is: a bridge hosts phones, everybody else only themselves. */
  principalOf(participantId: string): PeerPrincipal | PhonePrincipal {
    return participantId === this.participantId ? this.principal : PHONE;
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

  /** The microphones of a participant hosted by this peer. */
  microphonesOf(participantId: string): ProducerInfo[] {
    return [...this.producers.values()].filter(
      (producer) => producer.participantId === participantId && producer.source === 'microphone',
    );
  }

  /** Records a new transport. */
  transportMade(direction: 'send' | 'recv', transportId: string): void {
    this.transports.set(direction, transportId);
    this.hadTransport = true;
  }

  /** Forgets the media objects, which are gone. */
  forgetMedia(): void {
    this.producers.clear();
    this.transports.clear();
    this.media.clear();
    this.consumers.clear();
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
