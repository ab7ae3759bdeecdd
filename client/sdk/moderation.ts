import type { EventData, Participant, RequestResult, RoomRole, SnapshotPart } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { Publication } from './publication.ts';
import { type Restraint, Restraints } from './restraints.ts';
import type { RoomSession } from './room-session.ts';

export type EntryRule = SnapshotPart<'moderation'>['entryRule'];
export type Ban = RequestResult<'ban.list'>['bans'][number];
/** What moderators stop separately; a screen with its sound is one. */
export type Stoppable = Restraint['denied'][number];

export interface ModerationEvents {
  /** What moderators did to a participant has changed: see restraintOf(). */
  restrained: [participantId: string];
  /** How newcomers enter has changed. */
  'entry-rule': [rule: EntryRule, moderator: Participant | undefined];
  /** A moderator asks this participant to unmute, or to start the camera or sharing the screen; it may do so now. */
  asked: [what: Stoppable, moderator: Participant | undefined];
  /** A moderator stopped this participant's camera or screen. Its publications are muted. */
  stopped: [what: 'camera' | 'screen', moderator: Participant | undefined];
  /** A moderator gave this participant another name. */
  renamed: [displayName: string, moderator: Participant | undefined];
  /** The room's bans have changed: see bans(). Only for those who may see them. */
  'bans-changed': [];
}

/** What moderation needs from its room. */
export interface ModerationHost {
  readonly roomId: string;
  readonly connection: Connection;
  readonly participants: ReadonlyMap<string, Participant>;
  participantId(): string | undefined;
  publications(): Publication[];
  onServerEvent: RoomSession['onServerEvent'];
}

/** Moderation of a room: what moderators do to others, and what was done to them. */
export class Moderation extends Emitter<ModerationEvents> {
  readonly #host: ModerationHost;
  readonly #restraints = new Restraints();
  #entryRule: EntryRule = 'free';

  constructor(host: ModerationHost) {
    super();
    this.#host = host;
    const on = host.onServerEvent;
    on('participant.restrained', (restraint) => {
      this.#restraints.set(restraint);
      this.emit('restrained', restraint.participantId);
    });
    on('participant.left', ({ participantId }) => this.#restraints.drop(participantId));
    on('room.entryRule', ({ rule, by }) => {
      this.#entryRule = rule;
      this.emit('entry-rule', rule, this.#person(by));
    });
    on('participant.action', (data) => this.#act(data));
    on('participant.asked', ({ participantId, source, by }) => {
      if (participantId === host.participantId()) {
        this.emit('asked', source, this.#person(by));
      }
    });
    on('participant.renamed', ({ participantId, displayName, by }) => {
      if (participantId === host.participantId()) {
        this.emit('renamed', displayName, this.#person(by));
      }
    });
    on('ban.changed', () => this.emit('bans-changed'));
  }

  /** How newcomers enter: as they like, muted, or muted until a moderator allows them to unmute. */
  get entryRule(): EntryRule {
    return this.#entryRule;
  }

  /** Whether a moderator muted a participant who has not unmuted since, and what it may not start. */
  restraintOf(participantId: string): Restraint {
    return this.#restraints.of(participantId);
  }

  /**
   * Mutes everyone except this participant, or except owners and moderators.
   *
   * @param onEntry newcomers enter muted too, until allowAll(). Default false.
   * @param deny keeps people from unmuting until they are asked to. Default false.
   * @throws {CanopyError} FORBIDDEN
   */
  async muteAll(options: { except: 'me' | 'moderators'; onEntry?: boolean; deny?: boolean }): Promise<void> {
    await this.#host.connection.request('participant.muteAll', options);
  }

  /** Lets everyone unmute themselves, and newcomers enter unmuted. @throws {CanopyError} FORBIDDEN */
  async allowAll(): Promise<void> {
    await this.#host.connection.request('participant.allowAll', {});
  }

  /**
   * Stops someone's camera or screen.
   *
   * @param deny keeps them from starting it again until they are asked to. Default false.
   * @throws {CanopyError} FORBIDDEN, PARTICIPANT_UNKNOWN
   */
  async stopVideo(
    participantId: string,
    source: 'camera' | 'screen',
    { deny = false }: { deny?: boolean } = {},
  ): Promise<void> {
    await this.#host.connection.request('participant.stopVideo', { participantId, source, deny });
  }

  /** Allows someone to start something again, and asks them to. @throws {CanopyError} FORBIDDEN, PARTICIPANT_UNKNOWN */
  async ask(participantId: string, source: Stoppable): Promise<void> {
    await this.#host.connection.request('participant.ask', { participantId, source });
  }

  /**
   * Bans an account from the room, and removes it on all devices.
   *
   * @param link nobody new can enter who enrolled with the same invitation link. Default false.
   * @param displayName the name in the list of bans for someone who has left
   * @throws {CanopyError} FORBIDDEN; IDENTITY_UNKNOWN; LIMIT_REACHED
   */
  async ban(
    accountId: string,
    { link = false, displayName }: { link?: boolean; displayName?: string } = {},
  ): Promise<void> {
    await this.#host.connection.request('ban.add', {
      accountId,
      link,
      ...(displayName !== undefined && { displayName }),
    });
  }

  /** Lifts a ban. Idempotent. @throws {CanopyError} FORBIDDEN */
  async liftBan(accountId: string): Promise<void> {
    await this.#host.connection.request('ban.lift', { accountId });
  }

  /** The room's bans, latest first. @throws {CanopyError} FORBIDDEN */
  async bans(): Promise<Ban[]> {
    const { bans } = await this.#host.connection.request('ban.list', {});
    return bans;
  }

  /** Gives an account a role in this room; null: its default. For owners. @throws {CanopyError} FORBIDDEN, LIMIT_REACHED, RATE_LIMITED */
  async setRole(accountId: string, role: RoomRole | null): Promise<void> {
    await this.#host.connection.request('room.configure', {
      roomId: this.#host.roomId,
      roles: { [accountId]: role },
    });
  }

  /** Takes this person's other devices out of the room. Returns how many there were. */
  async moveHere(): Promise<number> {
    const { devices } = await this.#host.connection.request('room.moveHere', {});
    return devices;
  }

  /** @internal Applies a snapshot. */
  reset({ entryRule, restraints }: SnapshotPart<'moderation'>): void {
    for (const participantId of this.#restraints.reset(restraints)) {
      this.emit('restrained', participantId);
    }
    if (entryRule !== this.#entryRule) {
      this.#entryRule = entryRule;
      this.emit('entry-rule', entryRule, undefined);
    }
  }

  #act({ participantId, action, by }: EventData<'participant.action'>): void {
    if (
      participantId !== this.#host.participantId() ||
      !(action === 'stop-camera' || action === 'stop-screen')
    ) {
      return;
    }
    const what = action === 'stop-camera' ? 'camera' : 'screen';
    for (const publication of this.#host.publications()) {
      // Failures are reported by `unpublished`.
      if (publication.source.startsWith(what)) {
        publication.mute().catch(() => {});
      }
    }
    this.emit('stopped', what, this.#person(by));
  }

  #person(participantId: string | null): Participant | undefined {
    return participantId === null ? undefined : this.#host.participants.get(participantId);
  }
}
