import { signal } from '@preact/signals';
import {
  CanopyError,
  type Client,
  enrol,
  type Identity,
  type IdentityStore,
  type Knock,
  knock,
  type LobbyProgress,
  newKnockKey,
  type OpenedLink,
  openRoomLink,
  type RoomLinkSecret,
} from '../../../sdk/index.ts';
import { roomName } from '../basics/room-name.ts';

/** `closed`: the link does not work. */
export type DoorStage = 'opening' | 'asking' | 'waiting' | 'entering' | 'closed';

/** What the door needs from the page. */
export interface DoorHost {
  readonly url: string;
  readonly store: IdentityStore;
  identity(): Identity | undefined;
  connect(): Promise<Client>;
  /** This browser has a new identity. */
  enrolled(identity: Identity): void;
  enter(roomId: string): Promise<void>;
}

/** Where someone wants to enter: by a room link; or a room where they have to be admitted, also those who know nothing but its address. */
export type Doorway = { link: RoomLinkSecret } | { roomId: string };

/** Refusals of an identity after which its owner is treated as a newcomer. */
const OUTDATED: ReadonlySet<string> = new Set(['ACCOUNT_UNKNOWN', 'CERT_EXPIRED']);
/** Where this tab keeps what it needs to find its place again after a reload. */
const STORAGE_KEY = 'canopy.door';

interface Place {
  /** The link's secret, or the room. */
  door: string;
  key: string;
  name: string;
  waiting: boolean;
}

/** Someone in front of a room: opens the link, asks to enter, waits, and enters. */
export class Door {
  readonly stage = signal<DoorStage>('opening');
  /** Where the link leads. */
  readonly opened = signal<OpenedLink | undefined>(undefined);
  /** The place in the lobby, once the server has answered. */
  readonly progress = signal<LobbyProgress | undefined>(undefined);
  /** False while the connection is lost; the place is kept. */
  readonly connected = signal(true);
  readonly problem = signal<CanopyError | undefined>(undefined);
  /** The name that a newcomer types. */
  readonly name = signal('');
  /** Whether this browser has no identity that could be used. */
  readonly isNewcomer = signal(true);
  readonly #host: DoorHost;
  readonly #doorway: Doorway;
  #knock: Knock | undefined;
  #isClosed = false;

  constructor(host: DoorHost, doorway: Doorway) {
    this.#host = host;
    this.#doorway = doorway;
    const identity = host.identity();
    this.isNewcomer.value = identity === undefined || identity.expired;
    this.name.value = identity?.displayName ?? '';
  }

  /** The room's name as people know it; undefined until the link is opened. */
  get title(): string | undefined {
    if ('roomId' in this.#doorway) {
      return roomName({ ...this.#doorway, title: null });
    }
    const opened = this.opened.value;
    return opened && roomName(opened);
  }

  /** The room, for somebody without an account who knows nothing but its address. */
  get strangeRoomId(): string | undefined {
    return 'roomId' in this.#doorway && this.isNewcomer.value ? this.#doorway.roomId : undefined;
  }

  /** Finds out where the link leads; goes on waiting if this tab did before it was reloaded. Never rejects. */
  async open(): Promise<void> {
    if ('roomId' in this.#doorway && !this.isNewcomer.value) {
      await this.ask();
      return;
    }
    if ('link' in this.#doorway) {
      const { link } = this.#doorway;
      try {
        this.opened.value = await openRoomLink({ serverUrl: this.#host.url, link });
      } catch (error) {
        this.problem.value = CanopyError.from(error);
        this.stage.value = 'closed';
        return;
      }
    }
    const place = storedPlace();
    if (place?.door === this.#place) {
      this.name.value = place.name;
      if (place.waiting) {
        await this.ask();
        return;
      }
    }
    this.stage.value = 'asking';
  }

  /** Asks to enter, waits if necessary, and enters. Never rejects. */
  async ask(): Promise<void> {
    this.problem.value = undefined;
    this.progress.value = undefined;
    this.stage.value = 'waiting';
    try {
      const knocking = await this.#ask();
      if (this.#isClosed) {
        void knocking.cancel();
        return;
      }
      this.#knock = knocking;
      this.progress.value = knocking.progress;
      knocking.on('progress', (progress) => {
        this.progress.value = progress;
      });
      knocking.on('connected', (isConnected) => {
        this.connected.value = isConnected;
      });
      const { roomId, secret } = await knocking.admission;
      this.stage.value = 'entering';
      if (secret !== undefined) {
        const { url, store } = this.#host;
        // Without a link, the server is trusted on first use as well.
        const pin = 'link' in this.#doorway ? { caFingerprint: this.#doorway.link.caFingerprint } : {};
        const displayName = this.name.value;
        this.#host.enrolled(await enrol({ serverUrl: url, secret, ...pin, displayName, store }));
      }
      await this.#host.enter(roomId);
      this.#store(false);
    } catch (cause) {
      this.#failed(CanopyError.from(cause));
    } finally {
      this.#knock = undefined;
      this.connected.value = true;
    }
  }

  /** Stops waiting. */
  async cancel(): Promise<void> {
    this.stage.value = 'asking';
    this.#store(false);
    await this.#knock?.cancel();
  }

  /** The user goes elsewhere. */
  close(): void {
    this.#isClosed = true;
    void this.cancel();
  }

  get #place(): string {
    return 'link' in this.#doorway ? this.#doorway.link.secret : this.#doorway.roomId;
  }

  async #ask(): Promise<Knock> {
    const where =
      'link' in this.#doorway ? { secret: this.#doorway.link.secret } : { roomId: this.#doorway.roomId };
    if (this.isNewcomer.value) {
      const key = this.#store(true);
      return knock({ url: this.#host.url, ...where, displayName: this.name.value, key });
    }
    return (await this.#host.connect()).knock(where);
  }

  #failed(error: CanopyError): void {
    this.#store(false);
    const wasCancelled = this.stage.value === 'asking';
    if (this.#isClosed || wasCancelled) {
      return;
    }
    this.stage.value = error.code.startsWith('LINK_') && error.code !== 'LINK_FULL' ? 'closed' : 'asking';
    if (OUTDATED.has(error.code) && !this.isNewcomer.value && 'link' in this.#doorway) {
      this.isNewcomer.value = true;
      return;
    }
    this.problem.value = error;
  }

  /** Keeps this tab's place for a reload. Returns its key. */
  #store(waiting: boolean): string {
    const before = storedPlace();
    const door = this.#place;
    const key = before?.door === door ? before.key : newKnockKey();
    if (this.isNewcomer.value) {
      const place: Place = { door, key, name: this.name.value, waiting };
      try {
        sessionStorage.setItem(STORAGE_KEY, JSON.stringify(place));
      } catch {
        // Storage may be blocked; a reload then loses the place.
      }
    }
    return key;
  }
}

function storedPlace(): Place | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}
