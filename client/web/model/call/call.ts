import { computed, effect, signal } from '@preact/signals';
import {
  CanopyError,
  type Client,
  openScreen,
  type Participant,
  type Publication,
  type RemoteSource,
  type RemoteTrack,
  type Room,
  type RoomAction,
  type RoomInfo,
  type RoomState,
} from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { Arrivals } from '../basics/arrivals.ts';
import type { Notices } from '../basics/notices.ts';
import { preferences } from '../basics/preferences.ts';
import { roomName } from '../basics/room-name.ts';
import { ChatModel, isChatOpen } from '../chat/chat.ts';
import { isOwnGhost, OtherDevices } from '../identity/other-devices.ts';
import { type DeviceEvent, deviceSentence, type LocalMedia } from '../media/local-media.ts';
import { MediaTrouble } from '../media/media-trouble.ts';
import type { MicrophoneHint } from '../media/microphone-judge.ts';
import { MicrophoneWatch } from '../media/microphone-watch.ts';
import { playSound } from '../media/sounds.ts';
import { Volumes } from '../media/volumes.ts';
import { KnownPeople } from '../people/known-people.ts';
import { layoutFor } from '../stage/data-use.ts';
import { ScreenLayout } from '../stage/screen-layout.ts';
import { promote, type View } from '../stage/seating.ts';
import { TileStats } from '../stage/tile-stats.ts';
import { BreakoutsModel } from './breakouts.ts';
import { CallQuality } from './call-quality.ts';
import { CallCaptions } from './captions.ts';
import { CallModeration } from './moderation.ts';
import type { PanelName } from './panels.ts';
import { PollsModel } from './polls.ts';
import { CallReactions } from './reactions.ts';
import { CallRecording } from './recording.ts';
import { Removals } from './removals.ts';
import { Waiting } from './waiting.ts';

/** A room as the page shows it: the SDK's room as signals, and the local tracks published to it. */
export class Call {
  readonly client: Client;
  readonly room: Room;
  /** Whom a direct call is with; undefined in a meeting. */
  readonly person: string | undefined;
  readonly state = signal<RoomState>('connecting');
  readonly participants = signal<Participant[]>([]);
  /** What others send, whether or not it is received. */
  readonly sources = signal<RemoteSource[]>([]);
  readonly tracks = signal<RemoteTrack[]>([]);
  readonly speaker = signal<string | null>(null);
  /** Participant ids of those with a raised hand, longest-raised first. */
  readonly hands = signal<readonly string[]>([]);
  /** What this user may do in the room. */
  readonly rights = signal<ReadonlySet<RoomAction>>(new Set());
  /** Title, lock, PIN and limit of the room. */
  readonly info = signal<RoomInfo>({ title: null, locked: false, hasPin: false, maxParticipants: null });
  /** This user's screen while it is shared. */
  readonly screen = signal<Publication | undefined>(undefined);
  readonly view = signal<View>('gallery');
  readonly chat: ChatModel;
  readonly polls: PollsModel;
  readonly breakouts: BreakoutsModel;
  /** The open side panel. */
  readonly panel = signal<PanelName | undefined>(undefined);
  /** Key of the pinned tile; see seatKey(). */
  readonly pinned = signal<string | undefined>(undefined);
  /** Participant ids of those whom moderators show large to everyone. */
  readonly spotlight = signal<readonly string[]>([]);
  /** Participant id of the last speaker other than this user. */
  readonly lastSpeaker = signal<string | undefined>(undefined);
  /** Participant ids in display order, this user first. */
  readonly order = signal<readonly string[]>([]);
  readonly layout: ScreenLayout;
  /** Statistics of received and sent video. */
  readonly stats: TileStats;
  /** Connectivity problems of audio and video. */
  readonly trouble: MediaTrouble;
  /** How well everyone's media gets through. */
  readonly quality: CallQuality;
  /** How loud each person is here. */
  readonly volumes = new Volumes();
  /** Removed people, whom a moderator may readmit. */
  readonly removals: Removals;
  /** People who wait to be let in. */
  readonly waiting: Waiting;
  readonly moderation: CallModeration;
  readonly reactions: CallReactions;
  readonly recording: CallRecording;
  readonly captions: CallCaptions;
  /** Who of the people in the call is a contact. */
  readonly known: KnownPeople;
  readonly #arrivals: Arrivals;
  /** How many people are visible at once; speakers are moved into these seats. */
  visibleSeats = Number.POSITIVE_INFINITY;
  readonly #spokeAtMs = new Map<string, number>();
  readonly #media: LocalMedia;
  readonly #notices: Notices;
  readonly #stop: Array<() => void> = [];
  /** Called to go to another room of this meeting: a breakout room or its main room. */
  onMove: (roomId: string) => void = () => {};
  /** Called when the user has changed their own name. */
  onRenamed: (displayName: string) => void = () => {};
  #reportedProblems: LocalMedia['problems']['value'];
  #microphone: Publication | undefined;
  #camera: Publication | undefined;
  /** Changes to the sent media run one after another. */
  #queue: Promise<void> = Promise.resolve();

  /** @param person whom a direct call is with */
  constructor(client: Client, room: Room, media: LocalMedia, notices: Notices, person?: string) {
    this.client = client;
    this.room = room;
    this.person = person;
    this.#media = media;
    this.#notices = notices;
    this.#reportedProblems = media.problems.value;
    this.layout = new ScreenLayout((tiles) => room.setLayout(layoutFor(preferences.value.dataUse, tiles)));
    this.stats = new TileStats(room);
    this.trouble = new MediaTrouble(room);
    this.quality = new CallQuality(room);
    this.removals = new Removals(room);
    this.waiting = new Waiting(room, notices, () => this.openPanel('people'));
    this.known = new KnownPeople(client, room, notices);
    this.chat = new ChatModel({
      room,
      accountId: client.account.accountId,
      isOpen: isChatOpen(this.panel),
      open: () => {
        this.panel.value = 'chat';
      },
      notices,
    });
    this.polls = new PollsModel({
      room,
      accountId: client.account.accountId,
      isOpen: computed(() => this.panel.value === 'polls'),
      open: () => this.openPanel('polls'),
      notices,
      playSound: () => playSound('poll', this.headcount, media.choices.value.speaker),
    });
    this.breakouts = new BreakoutsModel({
      room,
      isOpen: computed(() => this.panel.value === 'breakouts'),
      open: () => this.openPanel('breakouts'),
      notices,
      move: (roomId) => this.onMove(roomId),
    });
    const microphone = new MicrophoneWatch(media);
    this.#stop.push(
      () => microphone.close(),
      () => notices.release('microphone'),
    );
    this.#arrivals = new Arrivals((sentence, what) => {
      notices.say(sentence);
      playSound(what, this.headcount, media.choices.value.speaker);
    });
    media.onDevice = (event) => this.#reportDevice(event);
    const self = { participantId: room.participantId, accountId: client.account.accountId };
    const refresh = () => {
      this.participants.value = [...room.participants.values()].filter((each) => !isOwnGhost(each, self));
      this.spotlight.value = room.spotlight.participantIds;
      this.sources.value = room.sources;
      this.tracks.value = room.tracks;
      this.hands.value = room.hands.map(({ participantId }) => participantId);
      this.#seat();
    };
    this.state.value = room.state;
    this.info.value = room.info;
    this.rights.value = room.rights;
    this.speaker.value = room.speaker;
    refresh();
    if (room.speaker) {
      this.#spoke(room.speaker);
    }
    this.moderation = new CallModeration({
      room,
      media,
      notices,
      moderates: () => this.moderates,
      shareScreen: async (on) => {
        if (on !== (this.screen.value !== undefined)) {
          await this.toggleScreen();
        }
      },
    });
    this.reactions = new CallReactions(room, notices);
    this.recording = new CallRecording(room, notices);
    this.captions = new CallCaptions(room, notices);
    const otherDevices = new OtherDevices(room, self.accountId, notices);
    this.#stop.push(
      () => this.moderation.close(),
      () => this.reactions.close(),
      () => this.recording.close(),
      () => this.captions.close(),
      () => otherDevices.close(),
      room.spotlight.on('changed', (participantIds) => this.#spotlit(participantIds)),
      room.on('state', (state) => {
        this.state.value = state;
      }),
      room.on('speaker', (participantId) => {
        this.speaker.value = participantId;
        if (participantId) {
          this.#spoke(participantId);
        }
      }),
      room.on('info', (info) => this.#showInfo(info)),
      room.on('rights', (rights) => {
        this.rights.value = rights;
      }),
      room.on('participant-joined', (participant) => {
        this.#arrivals.joined(participant.displayName);
        refresh();
      }),
      room.on('participant-updated', refresh),
      room.on('participant-left', ({ displayName, kind }, reason) => {
        if (reason === 'kicked' && kind !== 'phone') {
          notices.say(this.#removedSentence(displayName));
        } else {
          this.#arrivals.left(displayName);
        }
        refresh();
      }),
      room.on('hand-raised', (participantId) => {
        this.#announceRaised(participantId);
        refresh();
      }),
      room.on('hand-lowered', (participantId, by) => {
        this.#announceLowered(participantId, by);
        refresh();
      }),
      room.on('sources', refresh),
      room.on('track', refresh),
      room.on('track-ended', refresh),
      room.on('track-updated', refresh),
      room.on('server-closing', () => notices.say(strings.value.notices.serverClosing)),
      room.on('error', (error) => notices.error(error)),
      room.on('muted-by', (moderator) => {
        // Those who were muted already need not be told.
        if (media.microphoneOn.value) {
          notices.say(strings.value.notices.mutedBy(moderator?.displayName ?? strings.value.common.someone));
        }
        void media.setMuted(true);
      }),
      room.on('call-failed', ({ error }) => notices.error(error)),
      room.on('unpublished', (publication, error) => this.#unpublished(publication, error)),
      effect(() => {
        const { microphone, muted } = { microphone: media.sentMicrophone.value, muted: this.#isSilenced };
        this.#enqueue(() => this.#sendMicrophone(microphone, muted));
      }),
      effect(() => {
        preferences.value;
        this.layout.refresh();
      }),
      effect(() => this.#reportProblems(media.problems.value)),
      effect(() => this.#reportMicrophone(microphone.hint.value)),
      effect(() => {
        const camera = this.moderation.denied.value.includes('camera') ? undefined : media.sentCamera.value;
        this.#enqueue(() => this.#sendCamera(camera));
      }),
    );
  }

  /** Tells the user something. */
  announce(text: string): void {
    this.#notices.say(text);
  }

  /** Pins or unpins a tile. */
  togglePin(key: string): void {
    this.pinned.value = this.pinned.value === key ? undefined : key;
  }

  /** Switches between gallery and speaker view, and unpins. */
  toggleView(): void {
    this.view.value = this.view.value === 'gallery' ? 'speaker' : 'gallery';
    this.pinned.value = undefined;
  }

  /** Opens a side panel, or closes it if it is open. */
  togglePanel(name: PanelName): void {
    this.panel.value = this.panel.value === name ? undefined : name;
  }

  openPanel(name: PanelName): void {
    this.panel.value = name;
  }

  closePanel(): void {
    this.panel.value = undefined;
  }

  /** Starts or stops sharing a screen. */
  async toggleScreen(): Promise<void> {
    const shared = this.screen.value;
    if (shared) {
      await this.#endScreen(shared);
      return;
    }
    if (!this.moderation.admits('screen')) {
      return;
    }
    let stream: MediaStream;
    try {
      stream = await openScreen();
    } catch (cause) {
      // Cancelling the dialog is not an error, but looks the same as a refusal by the system.
      const error = CanopyError.from(cause);
      if (error.code === 'MEDIA_DENIED') {
        this.#notices.say(strings.value.notices.noScreen);
      } else {
        this.#notices.error(error);
      }
      return;
    }
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    if (!video) {
      return;
    }
    try {
      const publication = await this.room.publish(video, { source: 'screen' });
      // The user may already have stopped sharing with the browser's own button, which ends the publication.
      if (publication.closed) {
        audio?.stop();
        return;
      }
      this.screen.value = publication;
      if (audio) {
        await this.room.publish(audio, { source: 'screen-audio' });
      }
    } catch (cause) {
      for (const track of stream.getTracks()) {
        track.stop();
      }
      const error = CanopyError.from(cause);
      if (error.code !== 'MEDIA_ENDED') {
        this.#notices.error(error);
      }
    }
  }

  /** Whether this user's hand is raised. */
  get handIsUp(): boolean {
    const { participantId } = this.room;
    return participantId !== undefined && this.hands.value.includes(participantId);
  }

  /** Raises or lowers this user's hand. */
  async toggleHand(): Promise<void> {
    const { room } = this;
    await this.#notices.attempt(() => (this.handIsUp ? room.lowerHand() : room.raiseHand()));
  }

  /** Lowers someone's hand. */
  async lowerHand(participantId: string): Promise<void> {
    await this.#notices.attempt(() => this.room.lowerHand(participantId));
  }

  /** How many people are in the call, without those whose connection is lost. */
  get headcount(): number {
    return this.participants.value.filter(({ connected }) => connected).length;
  }

  /** Locks the room, or unlocks it. */
  async toggleLock(): Promise<void> {
    await this.#notices.attempt(() => this.room.setLocked(!this.info.value.locked));
  }

  /** Whether this user may change the room's settings, roles among them. */
  get owns(): boolean {
    return this.#roomRole === 'owner';
  }

  /** What people call the room, or whom a direct call is with. */
  get name(): string {
    return this.person ?? roomName({ roomId: this.room.roomId, title: this.info.value.title });
  }

  /** Whether this user may do this in the room. */
  may(action: RoomAction): boolean {
    return this.rights.value.has(action);
  }

  /** Whether this user may mute and remove others. */
  get moderates(): boolean {
    return this.#roomRole === 'owner' || this.#roomRole === 'moderator';
  }

  get #roomRole(): Participant['roomRole'] {
    const { participantId: self } = this.room;
    return this.participants.value.find(({ participantId }) => participantId === self)?.roomRole;
  }

  /** Shows the room's new state. Everyone hears of a lock. */
  #showInfo(info: RoomInfo): void {
    if (info.locked !== this.info.value.locked) {
      const { wasLocked, wasUnlocked } = strings.value.rooms;
      this.#notices.say(info.locked ? wasLocked : wasUnlocked);
    }
    this.info.value = info;
  }

  /** Who decided that a muted participant is muted. */
  mutedBy(participantId: string): 'self' | 'moderator' {
    const restraint = this.moderation.restraints.value.get(participantId);
    return restraint?.muted || restraint?.denied.includes('microphone') ? 'moderator' : 'self';
  }

  /** Shows someone large to everyone, or no longer. */
  async setSpotlight(participantId: string, on: boolean): Promise<void> {
    const { spotlight } = this.room;
    await this.#notices.attempt(() => (on ? spotlight.add(participantId) : spotlight.remove(participantId)));
  }

  /** Renames someone, or this user, in this call. @throws {CanopyError} as Room.rename() */
  async rename(participantId: string, displayName: string): Promise<void> {
    await this.room.rename(displayName, participantId);
    if (participantId === this.room.participantId) {
      this.onRenamed(displayName);
    }
  }

  /** Mutes someone, or unmutes a phone. */
  async mute(participantId: string, muted: boolean): Promise<void> {
    await this.#notices.attempt(() => this.room.mute(participantId, muted));
  }

  /** Removes someone; the user has confirmed it. */
  async kick(participantId: string): Promise<void> {
    await this.#notices.attempt(() => this.room.kick(participantId));
  }

  /** Readmits someone who was removed. */
  async readmit(accountId: string): Promise<void> {
    await this.#notices.attempt(async () => {
      await this.room.readmit(accountId);
      this.removals.drop(accountId);
    });
  }

  /** Leaves the room and closes camera and microphone until the next join. */
  async leave(): Promise<void> {
    this.close();
    await this.room.leave();
  }

  /** The room in the page's address: of a breakout room, its main room. */
  get address(): string {
    return this.breakouts.breakouts.state.parentId;
  }

  /**
   * Detaches from the room without leaving it.
   *
   * @param rests closes camera and microphone. Default true.
   */
  close({ rests = true } = {}): void {
    for (const stop of this.#stop.splice(0)) {
      stop();
    }
    this.layout.close();
    this.stats.close();
    this.trouble.close();
    this.quality.close();
    this.removals.close();
    this.waiting.close();
    this.known.close();
    this.chat.close();
    this.polls.close();
    this.breakouts.close();
    this.#arrivals.close();
    this.#media.onDevice = () => {};
    if (rests) {
      this.#media.rest();
    }
    for (const publication of this.room.publications) {
      if (publication.source.startsWith('screen')) {
        publication.track.stop();
      }
    }
  }

  /** Adds newcomers to the order, raised hands first, and removes people who left. */
  #seat(): void {
    const { participants, participantId: self } = this.room;
    const seated = this.order.value.filter((id) => participants.has(id));
    const order = [
      ...new Set([...(self ? [self] : []), ...seated, ...this.hands.value, ...participants.keys()]),
    ];
    if (order.join() !== this.order.value.join()) {
      this.order.value = order;
    }
  }

  #spoke(participantId: string): void {
    const { participantId: self } = this.room;
    if (participantId === self) {
      return;
    }
    this.lastSpeaker.value = participantId;
    this.#bringForward(participantId);
  }

  /** Moves someone who speaks or raises a hand into a visible seat. */
  #bringForward(participantId: string): void {
    this.#spokeAtMs.set(participantId, performance.now());
    this.order.value = promote(this.order.value, participantId, this.visibleSeats, {
      spokeAtMs: this.#spokeAtMs,
      keeps: this.room.participantId,
    });
  }

  #announceRaised(participantId: string): void {
    if (participantId === this.room.participantId) {
      this.#notices.say(strings.value.notices.raisedHand);
      return;
    }
    this.#arrivals.raisedHand(this.#nameOf(participantId));
    this.#bringForward(participantId);
  }

  #announceLowered(participantId: string, by: string | undefined): void {
    if (participantId !== this.room.participantId || by === undefined) {
      return;
    }
    const { loweredOwnHand, loweredYourHand } = strings.value.notices;
    this.#notices.say(by === participantId ? loweredOwnHand : loweredYourHand(this.#nameOf(by)));
  }

  #nameOf(participantId: string): string {
    return this.room.participants.get(participantId)?.displayName ?? strings.value.common.someone;
  }

  /** Reports why a device could not be opened, unless the lobby has already done so. */
  #reportProblems(problems: LocalMedia['problems']['value']): void {
    for (const kind of ['camera', 'microphone'] as const) {
      const problem = problems[kind];
      if (problem && problem !== this.#reportedProblems[kind]) {
        // The publication has not ended yet if the device was in use until now.
        const lost =
          problem.code === 'MEDIA_NOT_FOUND' && (kind === 'camera' ? this.#camera : this.#microphone);
        this.#notices.warn(lost ? strings.value.devices.lost(kind) : deviceSentence(kind, problem));
      }
    }
    this.#reportedProblems = problems;
  }

  #reportDevice(event: DeviceEvent): void {
    const { devices } = strings.value;
    switch (event.name) {
      case 'replaced':
        this.#notices.say(devices.replaced(event.kind, event.label));
        break;
      case 'interrupted':
        this.#notices.warn(devices.interrupted('camera'));
        break;
      case 'speaker-lost':
        this.#notices.warn(devices.speakerLost);
        break;
      case 'added':
        this.#offer(event);
        break;
      case 'effect-failed':
        this.#notices.warn(event.kind === 'camera' ? devices.backgroundFailed : devices.voiceOnlyFailed);
        break;
      case 'effect-slow':
        this.#notices.offer(devices.backgroundSlow, {
          label: devices.turnOff,
          run: () => this.#media.setBackground('none'),
        });
    }
  }

  /** Offers to use devices that were connected. */
  #offer({ label, devices }: Extract<DeviceEvent, { name: 'added' }>): void {
    this.#notices.offer(strings.value.devices.added(label), {
      label: strings.value.devices.useIt,
      run: () => {
        for (const { kind, deviceId } of devices) {
          void this.#media.choose(kind, deviceId);
        }
      },
    });
  }

  #reportMicrophone(hint: MicrophoneHint | undefined): void {
    const { devices } = strings.value;
    if (hint === undefined) {
      this.#notices.release('microphone');
    } else if (hint === 'speaking-muted') {
      if (this.moderation.denied.value.includes('microphone')) {
        this.#notices.keep('microphone', strings.value.moderation.mayNotUnmute);
        return;
      }
      // Phones have no space bar.
      const text =
        preferences.value.pushToTalk && matchMedia('(any-pointer: fine)').matches
          ? `${devices.speakingMuted} ${devices.speakingMutedHint}`
          : devices.speakingMuted;
      this.#notices.keep('microphone', text, {
        label: devices.unmute,
        run: () => void this.#media.setMuted(false),
      });
    } else {
      const text = hint === 'silent' ? devices.silent : devices.mutedBySystem;
      const run = () => {
        this.panel.value = 'settings';
      };
      this.#notices.keep('microphone', text, { label: devices.silentAction, run });
    }
  }

  #removedSentence(name: string): string {
    const { removed, removedForNow } = strings.value.notices;
    return this.moderates ? removedForNow(name) : removed(name);
  }

  /** Whether this user cannot be heard, by their own choice or a moderator's. */
  get #isSilenced(): boolean {
    return this.#media.silenced.value || this.moderation.denied.value.includes('microphone');
  }

  #spotlit(participantIds: readonly string[]): void {
    const { participantId: self = '' } = this.room;
    if (participantIds.includes(self) && !this.spotlight.value.includes(self)) {
      this.#notices.say(strings.value.moderation.spotlit);
    }
    this.spotlight.value = participantIds;
  }

  #enqueue(change: () => Promise<void>): void {
    this.#queue = this.#queue.then(change).catch((cause: unknown) => {
      const error = CanopyError.from(cause);
      // A device that ended meanwhile was turned off, or LocalMedia replaces it.
      if (this.room.state !== 'closed' && error.code !== 'MEDIA_ENDED') {
        this.#notices.error(error);
      }
    });
  }

  async #sendMicrophone(track: MediaStreamTrack | undefined, muted: boolean): Promise<void> {
    if (!track) {
      await this.#microphone?.unpublish();
      this.#microphone = undefined;
    } else if (!this.#microphone || this.#microphone.closed) {
      this.#microphone = await this.room.publish(track, { source: 'microphone', muted });
    } else {
      if (this.#microphone.track !== track) {
        await this.#microphone.replaceTrack(track);
      }
      if (muted !== this.#microphone.muted) {
        await (muted ? this.#microphone.mute() : this.#microphone.unmute());
      }
    }
  }

  /** A camera that is off is unpublished, so that nothing is sent and its light goes out. */
  async #sendCamera(track: MediaStreamTrack | undefined): Promise<void> {
    if (!track) {
      await this.#camera?.unpublish();
      this.#camera = undefined;
    } else if (!this.#camera || this.#camera.closed) {
      this.#camera = await this.room.publish(track, { source: 'camera' });
    } else if (this.#camera.track !== track) {
      await this.#camera.replaceTrack(track);
    }
  }

  async #endScreen(shared: Publication): Promise<void> {
    if (this.screen.value === shared) {
      this.screen.value = undefined;
    }
    const screens = this.room.publications.filter(({ source }) => source.startsWith('screen'));
    for (const publication of screens) {
      publication.track.stop();
      await publication.unpublish();
    }
  }

  #unpublished(publication: Publication, error: CanopyError | undefined): void {
    if (publication === this.screen.value) {
      void this.#endScreen(publication);
    }
    // LocalMedia replaces a camera that ended.
    if (!error || error.code === 'MEDIA_ENDED') {
      return;
    }
    if (publication.source === 'camera') {
      void this.#media.setCameraWanted(false);
    }
  }
}
