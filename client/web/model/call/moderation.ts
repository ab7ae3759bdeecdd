import { computed, effect, signal } from '@preact/signals';
import type { Ban, EntryRule, Participant, Restraint, Room, Stoppable } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';
import type { LocalMedia } from '../media/local-media.ts';

/** A moderator's request that waits for this user's answer. */
export interface Asked {
  what: Stoppable;
  /** The moderator's name. */
  by: string;
}

export interface CallModerationHost {
  readonly room: Room;
  readonly media: LocalMedia;
  readonly notices: Notices;
  /** Whether this user is an owner or moderator, whom nobody can keep from sending. */
  moderates(): boolean;
  /** Starts or stops sharing the screen. */
  shareScreen(on: boolean): Promise<void>;
}

/** Always the same array, so that what depends on it does not run again. */
const NOTHING: readonly Stoppable[] = [];

/** Moderation in a call: what this user does to others, and what moderators do to this user. */
export class CallModeration {
  /** What moderators did to each participant. */
  readonly restraints = signal<ReadonlyMap<string, Restraint>>(new Map());
  readonly entryRule = signal<EntryRule>('free');
  /** What a moderator asks this user for at the moment. */
  readonly asked = signal<Asked | undefined>(undefined);
  /** The room's bans, once they are loaded. */
  readonly bans = signal<readonly Ban[] | undefined>(undefined);
  /** What this user may not start. */
  readonly denied = computed<readonly Stoppable[]>(() =>
    this.#host.moderates()
      ? NOTHING
      : (this.restraints.value.get(this.#host.room.participantId ?? '')?.denied ?? NOTHING),
  );
  readonly #host: CallModerationHost;
  readonly #stop: Array<() => void>;

  constructor(host: CallModerationHost) {
    this.#host = host;
    const { room, media, notices } = host;
    const { moderation } = room;
    const refresh = () => {
      this.restraints.value = new Map(
        [...room.participants.keys()].map((participantId) => [
          participantId,
          moderation.restraintOf(participantId),
        ]),
      );
    };
    refresh();
    this.entryRule.value = moderation.entryRule;
    const own = moderation.restraintOf(room.participantId ?? '');
    if ((own.muted || this.denied.value.includes('microphone')) && media.microphoneOn.value) {
      void media.setMuted(true);
      notices.say(strings.value.moderation.enteredMuted);
    }
    this.#stop = [
      moderation.on('restrained', (participantId) => {
        const before = this.denied.value;
        refresh();
        if (participantId === room.participantId) {
          this.#ownChanged(before);
        }
      }),
      room.on('participant-joined', refresh),
      room.on('participant-left', refresh),
      moderation.on('entry-rule', (rule) => {
        this.entryRule.value = rule;
      }),
      moderation.on('asked', (what, moderator) => this.#ask(what, moderator)),
      moderation.on('stopped', (what, moderator) => {
        void (what === 'camera' ? media.setCameraWanted(false) : host.shareScreen(false));
        const { stoppedCamera, stoppedScreen } = strings.value.moderation;
        notices.say((what === 'camera' ? stoppedCamera : stoppedScreen)(nameOf(moderator)));
      }),
      moderation.on('renamed', (displayName, moderator) =>
        notices.say(strings.value.moderation.renamed(displayName, nameOf(moderator))),
      ),
      moderation.on('bans-changed', () => {
        if (this.bans.value) {
          void this.loadBans();
        }
      }),
      effect(() => {
        if (this.denied.value.includes('microphone') && media.microphoneOn.value) {
          void media.setMuted(true);
          notices.warn(strings.value.moderation.mayNotUnmute);
        }
      }),
      effect(() => {
        if (this.denied.value.includes('camera') && media.cameraWanted.value && media.camera.value) {
          void media.setCameraWanted(false);
          notices.warn(strings.value.moderation.mayNotStartCamera);
        }
      }),
    ];
  }

  /** Whether this user may start something; if not, they are told why. */
  admits(what: Stoppable): boolean {
    if (!this.denied.value.includes(what)) {
      return true;
    }
    const { mayNotUnmute, mayNotStartCamera, mayNotShare } = strings.value.moderation;
    this.#host.notices.warn(
      { microphone: mayNotUnmute, camera: mayNotStartCamera, screen: mayNotShare }[what],
    );
    return false;
  }

  /** Answers what a moderator asked. */
  async answer(agrees: boolean): Promise<void> {
    const what = this.asked.value?.what;
    this.asked.value = undefined;
    if (!agrees || !what) {
      return;
    }
    const { media, room } = this.#host;
    if (what === 'screen') {
      await this.#host.shareScreen(true);
      return;
    }
    await (what === 'camera' ? media.setCameraWanted(true) : media.setMuted(false));
    if (room.hands.some(({ participantId }) => participantId === room.participantId)) {
      await this.#host.notices.attempt(() => room.lowerHand());
    }
  }

  /** Mutes someone and keeps them from unmuting. */
  async keepMuted(participantId: string): Promise<void> {
    await this.#host.notices.attempt(() => this.#host.room.mute(participantId, true, { deny: true }));
  }

  /** @throws {CanopyError} as Moderation.muteAll() */
  async muteAll(options: { except: 'me' | 'moderators'; onEntry: boolean; deny: boolean }): Promise<void> {
    await this.#host.room.moderation.muteAll(options);
  }

  async allowAll(): Promise<void> {
    await this.#host.notices.attempt(() => this.#host.room.moderation.allowAll());
  }

  async stopVideo(participantId: string, source: 'camera' | 'screen', deny = false): Promise<void> {
    await this.#host.notices.attempt(() =>
      this.#host.room.moderation.stopVideo(participantId, source, { deny }),
    );
  }

  /** Allows someone to start something, and asks them to. */
  async ask(participantId: string, what: Stoppable): Promise<void> {
    await this.#host.notices.attempt(() => this.#host.room.moderation.ask(participantId, what));
  }

  async lowerAllHands(): Promise<void> {
    const { room } = this.#host;
    await this.#host.notices.attempt(async () => {
      await Promise.all(room.hands.map(({ participantId }) => room.lowerHand(participantId)));
    });
  }

  /** Bans someone; the user has confirmed it. @throws {CanopyError} as Moderation.ban() */
  async ban({ accountId, displayName }: Participant, link: boolean): Promise<void> {
    await this.#host.room.moderation.ban(accountId, { link, displayName });
  }

  async liftBan(accountId: string): Promise<void> {
    await this.#host.notices.attempt(() => this.#host.room.moderation.liftBan(accountId));
  }

  async loadBans(): Promise<void> {
    try {
      this.bans.value = await this.#host.room.moderation.bans();
    } catch {
      // The room's owner may have withdrawn this right from moderators; or the connection is lost.
      this.bans.value = [];
    }
  }

  close(): void {
    for (const stop of this.#stop) {
      stop();
    }
    this.asked.value = undefined;
  }

  #ask(what: Stoppable, moderator: Participant | undefined): void {
    const { media, room } = this.#host;
    const isOn = {
      microphone: media.microphoneOn.value,
      camera: media.cameraOn.value,
      screen: room.publications.some(({ source }) => source === 'screen'),
    };
    if (!isOn[what]) {
      this.asked.value = { what, by: nameOf(moderator) };
    }
  }

  /** Tells this user that they may unmute again, unless a moderator asks them to just then. */
  #ownChanged(before: readonly Stoppable[]): void {
    if (before.includes('microphone') && !this.denied.value.includes('microphone') && !this.asked.value) {
      this.#host.notices.say(strings.value.moderation.mayUnmute);
    }
  }
}

function nameOf(moderator: Participant | undefined): string {
  return moderator?.displayName ?? strings.value.common.someone;
}
