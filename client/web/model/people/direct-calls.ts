import { computed, effect, signal } from '@preact/signals';
import {
  type CallMedia,
  type CallSettings,
  CanopyError,
  type Client,
  type DirectCall,
} from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';
import { preferences } from '../basics/preferences.ts';
import type { LocalMedia } from '../media/local-media.ts';
import type { RingTone } from '../media/ring-tones.ts';

/** What direct calls need from the page. */
export interface DirectCallsHost {
  readonly media: LocalMedia;
  readonly notices: Notices;
  connect(): Promise<Client>;
  /** Whether the user is in a call or meeting. */
  isInRoom(): boolean;
  leave(): Promise<void>;
  /** Joins the room of a call with this person. */
  enter(roomId: string, person: string): Promise<void>;
}

/** A call that the user places here, until its end is dismissed. */
export interface Outgoing {
  /** The address that was called. */
  to: string;
  media: CallMedia;
  /** The person's name, once it is known. */
  name: string | undefined;
  call?: DirectCall;
  error?: CanopyError;
}

const NOTIFY_KEY = 'canopy.calls.notifications';

/** Direct calls on the page: what rings here, what the user places, and how many calls were missed. */
export class DirectCallsModel {
  /** The calls of this account that ring or are in progress, on any device. */
  readonly current = signal<readonly DirectCall[]>([]);
  readonly outgoing = signal<Outgoing | undefined>(undefined);
  readonly missed = signal(0);
  readonly settings = signal<CallSettings | undefined>(undefined);
  /** Whether the user may call telephone numbers. */
  readonly dialsNumbers = signal(false);
  /** Whether calls to telephone numbers withhold who calls. Remembered for the account, on all its devices. */
  readonly withholdsNumber = signal(false);
  /** Counts changes of the list of recent calls. */
  readonly listVersion = signal(0);
  /** An address to call, from a call link that was opened. */
  readonly linked = signal<string | undefined>(undefined);
  /** Whether calls notify the user while the page is hidden. */
  readonly notifies = signal(readNotifies());
  /** The call that rings here. */
  readonly incoming = computed(() =>
    this.current.value.find(({ direction, state }) => direction === 'incoming' && isUnanswered(state)),
  );
  /** The call whose sound the user has silenced. */
  readonly silenced = signal<string | undefined>(undefined);
  readonly #incomingId = computed(() => this.incoming.value?.callId);
  readonly #tone = computed((): RingTone | undefined => {
    const incoming = this.incoming.value;
    if (incoming && incoming.callId !== this.silenced.value) {
      return incoming.waiting ? 'quiet' : 'incoming';
    }
    return this.outgoing.value?.call?.state === 'ringing' ? 'ringback' : undefined;
  });
  readonly #host: DirectCallsHost;
  #client: Client | undefined;
  /** Calls whose room this page has entered. */
  readonly #entered = new Set<string>();
  #notification: Notification | undefined;
  /** Counts placed calls, so that the answer to a cancelled one shows nothing. */
  #attempts = 0;

  constructor(host: DirectCallsHost) {
    this.#host = host;
    effect(() => this.#ring(this.#tone.value));
    effect(() => {
      this.#incomingId.value;
      this.#notify(this.incoming.peek());
    });
  }

  /** Rings for this client. Guests have no direct calls, and a page inside another one is for meetings. */
  attach(client: Client): void {
    if (client.account.role === 'guest' || window.parent !== window) {
      return;
    }
    this.#client = client;
    const { calls } = client;
    calls.on('changed', (call) => this.#changed(call));
    calls.on('recent', (missed) => {
      this.missed.value = missed;
      this.listVersion.value += 1;
    });
    calls.on('settings', (settings) => {
      this.settings.value = settings;
      this.withholdsNumber.value = settings.withholdNumber ?? false;
      this.dialsNumbers.value = calls.dialsNumbers;
    });
    client.on('state', (state) => {
      if (state === 'closed' && this.#client === client) {
        this.#client = undefined;
        this.current.value = [];
      }
    });
    // Without it, nobody can call; the page works otherwise.
    calls.watch().catch(() => {});
  }

  /** Calls somebody. */
  async call(to: string, media: CallMedia, name?: string): Promise<void> {
    const { media: local } = this.#host;
    this.#attempts += 1;
    const attempt = this.#attempts;
    this.outgoing.value = { to, media, name };
    // For the ringing tone and, where the browser asks, before the other person answers.
    void local.setMuted(false);
    void local.setCameraWanted(media === 'video');
    try {
      const { calls } = await this.#host.connect();
      const call = await calls.start(to, { media, withheld: isNumber(to) && this.withholdsNumber.value });
      if (attempt === this.#attempts && this.outgoing.value) {
        this.#show(call);
      } else if (call.state !== 'answered') {
        // Cancelled before the server answered.
        await calls.end(call.callId);
      }
    } catch (error) {
      if (attempt === this.#attempts) {
        this.#fail(error);
      }
    }
  }

  /** Chooses whether calls to telephone numbers withhold who calls. */
  async setWithholdsNumber(withholdNumber: boolean): Promise<void> {
    this.withholdsNumber.value = withholdNumber;
    // People without calls of their own choose for one visit.
    if (this.settings.value) {
      await this.#host.notices.attempt(() => this.#client?.calls.configure({ withholdNumber }));
    }
  }

  /** Calls again who did not answer. */
  async callAgain(): Promise<void> {
    const { to, media, name } = this.outgoing.value ?? {};
    if (to !== undefined && media !== undefined) {
      await this.call(to, media, name);
    }
  }

  /** Cancels the call that is being placed, or dismisses its end. */
  async cancel(): Promise<void> {
    const { call } = this.outgoing.value ?? {};
    this.outgoing.value = undefined;
    this.#rest();
    if (call && call.state !== 'ended') {
      await this.#host.notices.attempt(() => this.#client?.calls.end(call.callId));
    }
  }

  /** Answers a call, after leaving the meeting that the user is in. */
  async answer({ callId }: DirectCall, { video }: { video: boolean }): Promise<void> {
    const { media } = this.#host;
    await this.#host.notices.attempt(async () => {
      if (this.#host.isInRoom()) {
        await this.#host.leave();
      }
      void media.setMuted(false);
      void media.setCameraWanted(video);
      await this.#client?.calls.answer(callId);
    });
  }

  async decline({ callId }: DirectCall): Promise<void> {
    await this.#host.notices.attempt(() => this.#client?.calls.decline(callId));
  }

  /** Stops the ringing sound of a call here. */
  silence({ callId }: DirectCall): void {
    this.silenced.value = callId;
  }

  /** Turns notifications on, if the user permits them, or off. */
  async setNotifies(on: boolean): Promise<void> {
    const isPermitted = on && (await Notification.requestPermission()) === 'granted';
    if (on && !isPermitted) {
      this.#host.notices.warn(strings.value.calls.notifyBlocked);
    }
    this.notifies.value = isPermitted;
    try {
      localStorage.setItem(NOTIFY_KEY, isPermitted ? 'on' : 'off');
    } catch {
      // Storage may be full or blocked; the choice then lasts for this visit.
    }
  }

  #changed(call: DirectCall): void {
    const before = this.current.value.find(({ callId }) => callId === call.callId);
    this.current.value = this.#client?.calls.current ?? [];
    this.#show(call);
    if (call.state === 'answered' && call.here) {
      void this.#enter(call);
    } else if (before?.direction === 'incoming' && isUnanswered(before.state)) {
      this.#tellEnd(call);
    }
  }

  /** Keeps the screen of a placed call up to date. */
  #show(call: DirectCall): void {
    const placed = this.outgoing.value;
    if (!placed || (placed.call && placed.call.callId !== call.callId)) {
      return;
    }
    // Before the answer to the request, only this page's own calls count.
    const isOwn = placed.call !== undefined || (call.here && call.direction === 'outgoing');
    if (isOwn || call.person.accountId === placed.to) {
      this.outgoing.value = { ...placed, name: call.person.displayName, call };
      if (call.state === 'ended') {
        this.#rest();
      }
    }
  }

  async #enter(call: DirectCall): Promise<void> {
    const { callId, roomId, person } = call;
    if (roomId === undefined || this.#entered.has(callId)) {
      return;
    }
    this.#entered.add(callId);
    await this.#host.enter(roomId, person.displayName);
    this.outgoing.value = undefined;
    if (!this.#host.isInRoom()) {
      // The page says why. The other person need not wait.
      await this.#host.notices.attempt(() => this.#client?.calls.end(callId));
    }
  }

  /** Says how a call that rang here ended, unless the user ended it here. */
  #tellEnd({ state, outcome, here, person, phone }: DirectCall): void {
    const { notices } = this.#host;
    const { calls, ownPhones } = strings.value;
    if (here) {
      return;
    }
    if (state === 'answered') {
      notices.say(phone === undefined ? calls.answeredElsewhere : ownPhones.answeredOnPhone);
    } else if (outcome === 'declined') {
      notices.say(calls.declinedElsewhere);
    } else if (state === 'ended') {
      notices.say(calls.missedFrom(person.displayName));
    }
  }

  /** Sounds what rings. */
  #ring(tone: RingTone | undefined): () => void {
    const abort = new AbortController();
    if (tone && preferences.value.sounds) {
      const { speaker } = this.#host.media.choices.peek();
      // Loaded when it is needed; the page may not play sound before it is clicked.
      void import('../media/ring-tones.ts')
        .then(({ ring }) => ring(tone, speaker, abort.signal))
        .catch(() => {});
    }
    return () => abort.abort();
  }

  #notify(incoming: DirectCall | undefined): void {
    this.#notification?.close();
    this.#notification = undefined;
    if (!incoming || !document.hidden || !this.notifies.peek()) {
      return;
    }
    const { calls } = strings.peek();
    try {
      const notification = new Notification(calls.isCalling(incoming.person.displayName), {
        body: incoming.media === 'video' ? calls.incomingVideo : calls.incoming,
        tag: incoming.callId,
        requireInteraction: true,
      });
      notification.onclick = () => {
        window.focus();
        notification.close();
      };
      this.#notification = notification;
    } catch {
      // Some mobile browsers show notifications from service workers only.
    }
  }

  /** Closes the devices that were opened for a call that did not happen. */
  #rest(): void {
    if (!this.#host.isInRoom()) {
      this.#host.media.rest();
    }
  }

  #fail(error: unknown): void {
    const placed = this.outgoing.value;
    this.#rest();
    if (placed) {
      this.outgoing.value = { ...placed, error: CanopyError.from(error) };
    }
  }
}

function isNumber(address: string): boolean {
  return address.startsWith('tel:');
}

function isUnanswered(state: DirectCall['state']): boolean {
  return state === 'calling' || state === 'ringing';
}

function readNotifies(): boolean {
  try {
    return (
      localStorage.getItem(NOTIFY_KEY) === 'on' &&
      'Notification' in window &&
      Notification.permission === 'granted'
    );
  } catch {
    return false;
  }
}
