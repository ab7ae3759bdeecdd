import type { EventData, Participant, RequestInput } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomContent } from './encryption/index.ts';
import type { RoomSession } from './room-session.ts';

export type Reaction = EventData<'room.reactions'>['reactions'][number];
export type ReactionKind = Reaction['kind'];

export interface ReactionEvents {
  /** Reactions of participants, this one included. At most about three times per second. */
  reactions: [readonly Reaction[]];
}

export interface ReactionsHost {
  connection: Connection;
  participants: ReadonlyMap<string, Participant>;
  participantId(): string | undefined;
  onServerEvent: RoomSession['onServerEvent'];
  /** What encrypts reactions; undefined if the room is not encrypted. */
  content(): RoomContent | undefined;
}

const KINDS: Readonly<Record<ReactionKind, true>> = {
  like: true,
  applause: true,
  love: true,
  laugh: true,
  surprise: true,
  celebrate: true,
};
/** Sealed reactions that are remembered, so that each is shown once. */
const MAX_SEEN = 2000;

/** Reactions in a room: short signs such as applause. In an encrypted room they are encrypted. */
export class Reactions extends Emitter<ReactionEvents> {
  readonly #host: ReactionsHost;
  readonly #seen = new Set<string>();

  constructor(host: ReactionsHost) {
    super();
    this.#host = host;
    host.onServerEvent('room.reactions', ({ reactions, sealed = [] }) => {
      const content = host.content();
      if (!content) {
        this.emit('reactions', reactions);
        return;
      }
      if (reactions.length > 0) {
        content.refuse('a reaction that is not encrypted');
      }
      void this.#open(content, sealed);
    });
  }

  /**
   * Shows a reaction to everyone. Never sent later if the connection is lost.
   *
   * @throws {CanopyError} FORBIDDEN, RATE_LIMITED, CONNECTION_LOST; ENCRYPTION_STALE - this device has no keys yet
   */
  async send(kind: ReactionKind): Promise<void> {
    const { connection } = this.#host;
    const content = this.#host.content();
    await connection.requestNow('reaction.send', content ? await this.#seal(content, kind) : { kind });
  }

  async #seal(content: RoomContent, kind: ReactionKind): Promise<RequestInput<'reaction.send'>> {
    const participantId = this.#host.participantId();
    if (participantId === undefined || !content.epoch()) {
      throw new CanopyError('ENCRYPTION_STALE');
    }
    return { sealed: await content.seal('sign', participantId, { kind }) };
  }

  async #open(
    content: RoomContent,
    sealed: NonNullable<EventData<'room.reactions'>['sealed']>,
  ): Promise<void> {
    const reactions = new Map<string, Reaction>();
    for (const each of sealed) {
      const kind = await this.#kindOf(content, each);
      if (kind) {
        const { participantId } = each;
        const key = `${participantId} ${kind}`;
        const count = (reactions.get(key)?.count ?? 0) + 1;
        reactions.set(key, { participantId, kind, count });
      }
    }
    if (reactions.size > 0) {
      this.emit('reactions', [...reactions.values()]);
    }
  }

  /** Undefined: it cannot be read, or is not what the server says. */
  async #kindOf(
    content: RoomContent,
    { participantId, sealed }: { participantId: string; sealed: string },
  ): Promise<ReactionKind | undefined> {
    const opened = await content.open('sign', participantId, sealed);
    if (typeof opened === 'string') {
      return undefined;
    }
    const { sender, groupId, epoch } = opened;
    const kind = (opened.content as { kind?: unknown } | null)?.kind;
    const participant = this.#host.participants.get(participantId);
    if (!participant) {
      // Who has left may have applauded just before.
      return undefined;
    }
    if (this.#seen.has(sealed) || participant.deviceId !== sender.deviceId || !isKind(kind)) {
      content.refuse('a reaction that is not what it seems', sender.deviceId);
      return undefined;
    }
    this.#seen.add(sealed);
    const [oldest] = this.#seen;
    if (this.#seen.size > MAX_SEEN && oldest !== undefined) {
      this.#seen.delete(oldest);
    }
    // One that was held back for long says nothing any more.
    const now = content.epoch();
    return now?.groupId === groupId && now.epoch - epoch <= 1n ? kind : undefined;
  }
}

function isKind(kind: unknown): kind is ReactionKind {
  return typeof kind === 'string' && Object.hasOwn(KINDS, kind);
}
