import { signal } from '@preact/signals';
import {
  browserStore,
  CanopyError,
  type Client,
  connect,
  type DeviceLinkCode,
  displayable,
  type EncryptionPolicy,
  enrol,
  type Identity,
  type Invitation,
  importIdentity,
  isCallRoom,
  loadIdentity,
  type MediaEncryption,
  memoryStore,
  openMediaEncryption,
  type Room,
  restoreFromBackup,
} from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { Notices } from '../basics/notices.ts';
import { Call } from '../call/call.ts';
import { policyBefore, rememberEncrypted } from '../call/encrypted-rooms.ts';
import { forgetBreakout, keepBreakout, keptBreakout } from '../call/kept-breakout.ts';
import { AccountCare } from '../identity/account-care.ts';
import { Door, type Doorway } from '../identity/door.ts';
import { NewDevice } from '../identity/new-device.ts';
import { SignOn } from '../identity/sign-on.ts';
import { LocalMedia } from '../media/local-media.ts';
import { PathCheck } from '../media/path-check.ts';
import { DirectCallsModel } from '../people/direct-calls.ts';
import { isMeetingRequested, MeetingRequest } from './meeting-request.ts';
import { PushModel } from './push.ts';
import { type ConsoleSection, parseRoute, roomFragment } from './route.ts';

export type Screen =
  | { name: 'loading' }
  /** An opened invitation. It creates an identity, or adds rights to the existing one. */
  | { name: 'invitation'; invitation: Invitation }
  /** A truncated or altered invitation link. */
  | { name: 'damaged-invitation' }
  /** In front of a room, by a link for everyone or where everyone has to be let in. */
  | { name: 'door'; door: Door }
  /** A truncated room link. */
  | { name: 'damaged-link' }
  /** A recording that someone shared by a link. */
  | { name: 'recording'; secret: string }
  /** Back from the sign-on provider. */
  | { name: 'signed-on' }
  /** Adding this device to an account. */
  | { name: 'new-device'; device: NewDevice }
  /** `roomId`: the room that the address names. */
  | { name: 'no-identity'; roomId: string | undefined }
  /** The user's rooms. */
  | { name: 'home' }
  /** The administrators' console. */
  | { name: 'console'; section: ConsoleSection }
  /** Another site asks for a meeting. */
  | { name: 'meeting-request'; request: MeetingRequest }
  /** `title`: the room's, as far as this tab knows it. `left`: the user has just left a call there. */
  | { name: 'lobby'; roomId: string; title: string | undefined; left: boolean }
  | { name: 'room'; call: Call };

declare global {
  interface Window {
    /** Debug handle for browser consoles and tests; the page itself never reads it. */
    canopy?: { client?: Client; room?: Room };
  }
}

/** Guests, whose identity lasts for a day, are not asked whether it may be stored for good, in milliseconds. */
const PERSIST_MS = 2 * 86_400_000;

const NAME_KEY = 'canopy.name';
/** What a room can be that asks for encryption. */
const ENCRYPTED: readonly EncryptionPolicy[] = ['required', 'allow-phones'];

function storedName(): string | undefined {
  try {
    return localStorage.getItem(NAME_KEY) || undefined;
  } catch {
    return undefined;
  }
}

/** The page's state and the actions on it. */
export class AppModel {
  readonly screen = signal<Screen>({ name: 'loading' });
  readonly identity = signal<Identity | undefined>(undefined);
  /** The connection, once the server has verified the identity. */
  readonly client = signal<Client | undefined>(undefined);
  /** The current problem, shown until the next attempt. */
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly busy = signal(false);
  /** The room that asks for a PIN, and whether a wrong one was entered. */
  readonly pinWanted = signal<{ roomId: string; wrong: boolean } | undefined>(undefined);
  /** A name that the page around this one suggests for someone who has none yet. */
  readonly suggestedName = signal('');
  /** The name that others see in the next call. */
  readonly displayName = signal('');
  readonly media = new LocalMedia();
  readonly notices = new Notices();
  readonly pathCheck = new PathCheck();
  readonly push = new PushModel(() => this.#connect());
  readonly calls = new DirectCallsModel({
    media: this.media,
    notices: this.notices,
    connect: () => this.#connect(),
    isInRoom: () => this.screen.value.name === 'room',
    leave: () => this.leave(),
    enter: async (roomId, person) => {
      const screen = this.screen.value;
      if (screen.name === 'door') {
        screen.door.close();
      }
      await this.join(roomId, { person });
    },
  });
  /** The account's key on this device, and its certificates. */
  readonly care = new AccountCare({ store: () => this.#store, renewed: () => this.#reconnectOutsideCalls() });
  readonly #url = location.origin;
  #store = browserStore();
  readonly signOn = new SignOn({
    url: this.#url,
    store: () => this.#store,
    identity: () => this.identity.value,
    enrolled: (identity) => this.#use(identity),
    go: (fragment) => this.#go(fragment),
  });
  /** Titles of rooms that this tab has shown, by room id. */
  readonly #titles = new Map<string, string>();
  #connecting: Promise<Client> | undefined;
  /** The call that the user is leaving for another room of the same meeting. */
  #moving: Call | undefined;
  /** Whether the page is going away, perhaps to be reloaded. */
  #isUnloading = false;

  /** Shows the screen for the address, now and whenever the address changes. */
  async start(): Promise<void> {
    addEventListener('hashchange', () => this.#route());
    addEventListener('pagehide', () => {
      this.#isUnloading = true;
      void this.client.value?.close();
    });
    // A page restored from the back/forward cache has already left its room.
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) {
        location.reload();
      }
    });
    addEventListener('online', () => this.client.value?.reconnect());
    this.care.start();
    await this.#attempt(async () => {
      const identity = await this.#load();
      this.identity.value = identity;
      if (identity) {
        this.displayName.value = storedName() ?? identity.displayName;
        // Before it is needed: an expired certificate may be renewed here.
        await this.care.use(identity);
      }
      if (!identity || identity.expired) {
        await this.signOn.look();
      }
    });
    this.#route();
  }

  /** The stored identity. Where the browser stores nothing, as in frames of other sites, an identity lasts as long as the page. */
  async #load(): Promise<Identity | undefined> {
    try {
      return await loadIdentity(this.#url, this.#store);
    } catch (error) {
      if (!(error instanceof DOMException)) {
        throw error;
      }
      console.warn(error);
      this.#store = memoryStore();
      this.notices.warn(strings.value.notices.nothingStored);
      return undefined;
    }
  }

  /** Uses the invitation for a new identity with this name, replacing any existing one. */
  async enrol(invitation: Invitation, displayName: string): Promise<void> {
    await this.#attempt(async () => {
      const identity = await enrol({ ...invitation, serverUrl: this.#url, displayName, store: this.#store });
      this.#use(identity);
      this.#go(identity.roomId ? roomFragment(identity.roomId) : '#/');
    });
  }

  /** Uses the invitation to add its rights to the current identity. */
  async redeem(invitation: Invitation): Promise<void> {
    await this.#attempt(async () => {
      const client = await this.#connect();
      const { roomId, role } = await client.redeemInvitation(invitation.secret);
      if (role !== client.account.role) {
        // What the page offers depends on the role that the client signed in with.
        void client.close();
        this.client.value = undefined;
      }
      this.#go(roomId ? roomFragment(roomId) : '#/');
    });
  }

  async restore(backup: string, password: string): Promise<void> {
    await this.#attempt(async () => {
      const identity = await restoreFromBackup({ backup, password, store: this.#store });
      if (identity.origin !== this.#url) {
        throw new CanopyError('BACKUP_INVALID', `it is for ${identity.origin}`);
      }
      this.#use(identity);
      this.#route();
    });
  }

  async importCertificate(certificatePem: string, privateKeyPem: string): Promise<void> {
    await this.#attempt(async () => {
      this.#use(
        await importIdentity({ serverUrl: this.#url, certificatePem, privateKeyPem, store: this.#store }),
      );
      this.#route();
    });
  }

  /** Connects again after a problem was solved. */
  retry(): void {
    this.problem.value = undefined;
    this.#connectEarly();
  }

  /** Deletes this device's identity. The user has confirmed it. */
  async forget(): Promise<void> {
    await this.#attempt(async () => {
      await this.client.value?.close();
      await this.#store.remove(this.#url);
      this.identity.value = undefined;
      await this.care.use(undefined);
      await this.signOn.look();
      this.#route();
    });
  }

  /** Changes the name for calls and stores it for later visits. */
  rename(displayName: string): void {
    this.displayName.value = displayName;
    try {
      localStorage.setItem(NAME_KEY, displayName);
    } catch {
      // Storage may be full or blocked; the name then lasts for this visit.
    }
  }

  /** Takes a name for the case that the user is asked for one. */
  suggestName(name: string): void {
    this.suggestedName.value = name;
    const { value } = this.screen;
    if (value.name === 'door') {
      this.#suggestTo(value.door);
    }
  }

  /** The server's origin for links that the user gives to others. */
  get linkOrigin(): string {
    return this.client.value?.linkOrigin ?? this.#url;
  }

  /** The connection, when the server has verified the identity. @throws {CanopyError} as connect() */
  connected(): Promise<Client> {
    return this.#connect();
  }

  /** Shows the screen before joining a room, with its title if that is known. */
  open(roomId: string, title: string | null = null): void {
    this.#setTitle(roomId, title);
    location.hash = roomFragment(roomId);
  }

  /** The user has dealt with a call link: it must not come up again. */
  closeCallLink(): void {
    if (this.calls.linked.value !== undefined) {
      this.calls.linked.value = undefined;
      history.replaceState(null, '', '#/');
    }
  }

  /** Creates a room with a random name and joins it. */
  async newMeeting(): Promise<void> {
    let roomId: string | undefined;
    await this.#attempt(async () => {
      const client = await this.#connect();
      ({ roomId } = await client.rooms.create());
    });
    if (roomId !== undefined) {
      await this.join(roomId);
    }
  }

  /** `person`: whom a direct call is with. */
  async join(
    roomId: string,
    { pin, person }: { pin?: string | undefined; person?: string | undefined } = {},
  ): Promise<void> {
    this.pinWanted.value = undefined;
    await this.#attempt(async () => {
      const client = await this.#connect();
      const breakout = keptBreakout(roomId);
      const joining =
        breakout === undefined
          ? this.#joinRoom(client, roomId, { pin })
          : this.#joinRoom(client, breakout, { pin, policy: policyBefore(roomId) }).catch(
              (error: unknown) => {
                if (!['BREAKOUT_UNKNOWN', 'FORBIDDEN'].includes(CanopyError.from(error).code)) {
                  throw error;
                }
                // It was closed, or the user was moved meanwhile.
                forgetBreakout();
                return this.#joinRoom(client, roomId, { pin });
              },
            );
      const room = await joining.catch((error: unknown) => {
        if (CanopyError.from(error).code === 'LOBBY_REQUIRED') {
          return undefined;
        }
        throw error;
      });
      if (!room) {
        this.#showDoor({ roomId });
        return;
      }
      this.#entered(client, room, person);
    });
    const code = this.problem.value?.code;
    if (code === 'PIN_REQUIRED' || code === 'PIN_WRONG') {
      this.problem.value = undefined;
      this.pinWanted.value = { roomId, wrong: code === 'PIN_WRONG' };
    }
  }

  /**
   * Enters a room under the user's name for calls.
   *
   * @param options `policy`: its end-to-end encryption, whatever the server says. Default: what it was before; if this browser does not
   * know, what the server says, but a server that has demanded encryption is held to it
   * @throws {CanopyError} as Client.join()
   */
  async #joinRoom(
    client: Client,
    roomId: string,
    {
      pin,
      policy = policyBefore(roomId),
    }: { pin?: string | undefined; policy?: EncryptionPolicy | undefined } = {},
  ): Promise<Room> {
    const displayName = displayable(this.displayName.value);
    const join = (encryption?: MediaEncryption) => {
      const joining = client.join(roomId, {
        ...(displayName !== '' && { displayName }),
        ...(pin !== undefined && { pin }),
        ...(encryption && { encryption, encryptionPolicy: policy ?? ENCRYPTED }),
      });
      // No video is received before it has a place on the page.
      client.room?.setLayout({ tiles: [] });
      return joining;
    };
    if (policy === undefined) {
      try {
        return await join();
      } catch (error) {
        if (CanopyError.from(error).code !== 'ENCRYPTION_REQUIRED') {
          throw error;
        }
      }
    }
    const encryption = await openMediaEncryption();
    const room = await join(encryption).catch((error: unknown) => {
      encryption.close();
      throw error;
    });
    rememberEncrypted(roomId, room.encryption?.policy ?? 'required');
    return room;
  }

  async leave(): Promise<void> {
    const screen = this.screen.value;
    if (screen.name !== 'room') {
      return;
    }
    await screen.call.leave();
  }

  /**
   * Shows the call in a room that was entered.
   *
   * @param person whom the user calls
   */
  #entered(client: Client, room: Room, person?: string): Call {
    window.canopy = { client, room };
    void this.media.wake();
    const call = new Call(client, room, this.media, this.notices, person);
    call.onRenamed = (displayName) => this.rename(displayName);
    call.onMove = (to) => void this.#move(call, to);
    room.on('state', (state, error) => {
      if (state === 'closed' && this.#moving !== call) {
        this.#callEnded(call, error);
      }
    });
    keepBreakout(room.roomId, call.address);
    this.screen.value = { name: 'room', call };
    this.#go(roomFragment(call.address));
    return call;
  }

  /** Goes to a breakout room of the meeting, or back to its main room, with camera and microphone as they are. */
  async #move(from: Call, roomId: string): Promise<void> {
    if (this.#moving || from.room.roomId === roomId) {
      return;
    }
    this.#moving = from;
    const { client, room, panel } = from;
    const isBack = roomId === from.address;
    try {
      from.close({ rests: false });
      this.notices.clear();
      await room.leave();
      // The rooms of a meeting have the same policy.
      const policy = room.encryption?.policy;
      const call = this.#entered(client, await this.#joinRoom(client, roomId, { policy }));
      call.panel.value = panel.value;
      const { breakouts } = strings.value;
      this.notices.say(isBack ? breakouts.movedBack : breakouts.moving(call.breakouts.nameOf(roomId)));
    } catch (error) {
      this.#callEnded(from, CanopyError.from(error));
    } finally {
      this.#moving = undefined;
    }
  }

  #callEnded(call: Call, error: CanopyError | undefined): void {
    call.close();
    if (!this.#isUnloading) {
      forgetBreakout();
    }
    this.notices.clear();
    if (!call.breakouts.isInside) {
      this.#setTitle(call.room.roomId, call.info.value.title);
    }
    const wasDirect = isCallRoom(call.room.roomId);
    if (wasDirect && (error === undefined || error.code === 'CALL_ENDED')) {
      this.notices.say(strings.value.calls.ended(call.name));
    }
    if (error?.code === 'ROOM_DELETED' || wasDirect) {
      if (error && error.code !== 'CALL_ENDED') {
        this.notices.error(error);
      }
      this.screen.value = { name: 'home' };
      this.#go('#/');
      return;
    }
    if (call.breakouts.isInside && (error?.code === 'BREAKOUT_UNKNOWN' || error?.code === 'ROOM_CLOSED')) {
      // The breakout rooms were closed while the connection was lost.
      this.#showLobby(call.address);
      void this.join(call.address);
      return;
    }
    this.problem.value = error;
    this.#showLobby(call.address, error === undefined);
  }

  #route(): void {
    const route = parseRoute(location.hash);
    this.pinWanted.value = undefined;
    const screen = this.screen.value;
    if (screen.name === 'room') {
      // A link to the current room changes nothing; any other address leaves the room.
      if (route.page === 'room' && route.roomId === screen.call.address) {
        return;
      }
      void this.leave();
    }
    if (screen.name === 'door') {
      screen.door.close();
    }
    if (screen.name === 'new-device') {
      screen.device.close();
    }
    if (route.page === 'invitation') {
      this.screen.value = { name: 'invitation', invitation: route.invitation };
    } else if (route.page === 'damaged-invitation') {
      this.screen.value = { name: 'damaged-invitation' };
    } else if (route.page === 'link') {
      this.#showDoor({ link: route.link });
    } else if (route.page === 'damaged-link') {
      this.screen.value = { name: 'damaged-link' };
    } else if (route.page === 'signed-on') {
      this.screen.value = { name: 'signed-on' };
      void this.signOn.comeBack(route.code);
    } else if (route.page === 'recording') {
      this.screen.value = { name: 'recording', secret: route.secret };
    } else if (route.page === 'new-device') {
      this.#showNewDevice(route.link);
    } else if (route.page === 'room' && this.#isStranger && !isCallRoom(route.roomId)) {
      this.#showDoor({ roomId: route.roomId });
    } else if (!this.identity.value) {
      this.#showNoIdentity(route.page === 'room' ? route.roomId : undefined);
    } else if (route.page === 'console' && window.parent === window) {
      this.problem.value = undefined;
      this.#connectEarly();
      this.screen.value = { name: 'console', section: route.section };
    } else if (route.page === 'room' && !isCallRoom(route.roomId)) {
      this.#showLobby(route.roomId);
    } else {
      // A direct call cannot be joined by its address.
      this.calls.linked.value = route.page === 'call' ? route.address : undefined;
      this.#showHome();
    }
  }

  /** Shows how to use an account in this browser, to somebody in front of a room who has one elsewhere. */
  useAccount(roomId: string): void {
    const { value } = this.screen;
    if (value.name === 'door') {
      value.door.close();
    }
    this.#showNoIdentity(roomId);
  }

  /** Lets somebody ask to enter a room without an account. */
  askAsGuest(roomId: string): void {
    this.#showDoor({ roomId });
  }

  /** Whether this browser has no account that could be used, and the server lets such people ask to enter rooms. */
  get #isStranger(): boolean {
    const identity = this.identity.value;
    return this.signOn.admitsStrangers.value && (identity === undefined || identity.expired);
  }

  #showNoIdentity(roomId: string | undefined): void {
    this.screen.value = { name: 'no-identity', roomId };
  }

  #showDoor(doorway: Doorway): void {
    const door = new Door(
      {
        url: this.#url,
        store: this.#store,
        identity: () => this.identity.value,
        connect: () => this.#connect(),
        enrolled: (identity) => this.#use(identity),
        enter: (roomId) => this.#enter(door, roomId),
      },
      doorway,
    );
    this.#suggestTo(door);
    this.problem.value = undefined;
    this.screen.value = { name: 'door', door };
    void door.open();
  }

  #suggestTo(door: Door): void {
    if (door.isNewcomer.value && door.name.value === '') {
      door.name.value = this.suggestedName.value;
    }
  }

  #showNewDevice(link: DeviceLinkCode | undefined): void {
    this.problem.value = undefined;
    const device = new NewDevice(
      {
        url: this.#url,
        store: () => this.#store,
        linked: (identity, name) => {
          this.#use(identity);
          void this.#connect()
            .then((client) => client.devices.rename(name))
            .catch((error) => this.#fail(error));
        },
        done: () => this.#go('#/'),
      },
      link,
    );
    this.screen.value = { name: 'new-device', device };
  }

  /** Takes somebody who was let in into the room. */
  async #enter(door: Door, roomId: string): Promise<void> {
    await this.join(roomId);
    const { value } = this.screen;
    // The problem is shown where the user can try again.
    if (value.name === 'door' && value.door === door) {
      const pin = this.pinWanted.value;
      this.#go(roomFragment(roomId));
      this.pinWanted.value = pin;
    }
  }

  #setTitle(roomId: string, title: string | null): void {
    if (title === null) {
      this.#titles.delete(roomId);
    } else {
      this.#titles.set(roomId, title);
    }
  }

  #showHome(): void {
    if (isMeetingRequested()) {
      this.#connectEarly();
      this.screen.value = { name: 'meeting-request', request: new MeetingRequest(() => this.#connect()) };
      return;
    }
    this.screen.value = { name: 'home' };
    // No camera light without a preview.
    this.media.rest();
    this.#connectEarly();
  }

  #showLobby(roomId: string, left = false): void {
    if (this.screen.value.name === 'home') {
      void this.media.wake();
    }
    this.screen.value = { name: 'lobby', roomId, title: this.#titles.get(roomId), left };
    this.#connectEarly();
  }

  /** Connects before the user does anything, so that a refused certificate is reported before they set up devices. */
  #connectEarly(): void {
    if (!this.problem.value) {
      void this.#connect().catch((error) => this.#fail(error));
    }
  }

  #use(identity: Identity): void {
    this.identity.value = identity;
    this.rename(identity.displayName);
    void this.client.value?.close();
    this.client.value = undefined;
    void this.care.use(identity);
    if (identity.expiresAtMs - Date.now() > PERSIST_MS) {
      // Otherwise the browser may delete the identity when it needs space. Some browsers ask the user.
      void navigator.storage?.persist?.().catch(() => {});
    }
  }

  /** Uses a new certificate. In a call, the old one is good enough. */
  #reconnectOutsideCalls(): void {
    const client = this.client.value;
    if (client && !client.room) {
      client.reconnect();
    }
  }

  #connect(): Promise<Client> {
    const identity = this.identity.value;
    if (!identity) {
      return Promise.reject(new CanopyError('IDENTITY_MISSING'));
    }
    if (this.client.value) {
      return Promise.resolve(this.client.value);
    }
    this.#connecting ??= connect({ url: this.#url, identity })
      .then((client) => {
        this.client.value = client;
        this.calls.attach(client);
        window.canopy = { client };
        this.care.connected(client);
        // If this fails, join() tries again.
        client.prepare().catch(() => {});
        client.on('state', (state, error) => {
          if (state !== 'closed') {
            return;
          }
          if (this.client.value === client) {
            this.client.value = undefined;
          }
          if (error) {
            this.problem.value = error;
          }
        });
        return client;
      })
      .finally(() => {
        this.#connecting = undefined;
      });
    return this.#connecting;
  }

  /** Goes to another fragment without leaving the old one, which may contain a secret, in the history. */
  #go(fragment: string): void {
    history.replaceState(null, '', fragment);
    this.#route();
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    this.problem.value = undefined;
    this.busy.value = true;
    try {
      await act();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.busy.value = false;
    }
  }

  #fail(error: unknown): void {
    const coded = CanopyError.from(error);
    if (coded.code === 'INTERNAL') {
      console.error(error);
    }
    this.problem.value = coded;
  }
}
