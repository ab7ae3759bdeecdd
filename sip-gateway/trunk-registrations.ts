import type { Logger } from '../base/index.ts';
import type {
  SavedRegistrations,
  SavedTrunkRegistration,
  SipTrunk,
  TrunkRegistration,
} from '../contract/index.ts';
import { hostOf } from './dial/index.ts';
import type { Registration, SipStack } from './sip/index.ts';

interface Entry {
  settings: string;
  registration: Registration;
  status: TrunkRegistration;
}

export interface TrunkRegistrationsOptions {
  stack: SipStack;
  log: Logger;
  /** Called when list() has changed. */
  onChange(): void;
  /** Saves a registration for the next process; null: it has ended. */
  save(trunk: string, registration: SavedTrunkRegistration | null): void;
  /** What an earlier process saved. */
  saved: SavedRegistrations['trunks'];
}

/** Maximum length of a reported reason, in characters: registrars choose it. */
const MAX_REASON_LENGTH = 100;
/** Maximum number of a registrar's addresses that are saved. */
const MAX_SAVED_ADDRESSES = 16;

/** Registers the gateway at trunks with `register`, and keeps the status of each registration. */
export class TrunkRegistrations {
  readonly #stack: SipStack;
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #save: (trunk: string, registration: SavedTrunkRegistration | null) => void;
  /** Registrations of an earlier process. Each is continued once. */
  readonly #saved: Map<string, SavedTrunkRegistration>;
  readonly #open = new Map<string, Entry>();

  constructor({ stack, log, onChange, save, saved }: TrunkRegistrationsOptions) {
    this.#stack = stack;
    this.#log = log;
    this.#onChange = onChange;
    this.#save = save;
    this.#saved = new Map(
      saved.flatMap(({ trunk, registration }) => (registration ? [[trunk, registration] as const] : [])),
    );
  }

  /** The current status of each registration. */
  list(): Array<TrunkRegistration & { trunk: string }> {
    return [...this.#open].map(([trunk, { status }]) => ({ trunk, ...status }));
  }

  /** Applies new settings: registers new trunks, re-registers changed ones, unregisters removed ones. */
  update(trunks: readonly SipTrunk[]): void {
    const wanted = new Map(
      trunks.filter(({ register }) => register).map((trunk) => [trunk.name, trunk] as const),
    );
    let changed = false;
    for (const [name, { settings, registration }] of [...this.#open]) {
      const trunk = wanted.get(name);
      if (trunk && settingsOf(trunk) === settings) {
        continue;
      }
      this.#open.delete(name);
      registration.close().catch(() => {});
      changed = true;
    }
    for (const [name, trunk] of wanted) {
      if (this.#open.has(name)) {
        continue;
      }
      this.#register(name, trunk);
      changed = true;
    }
    if (changed) {
      this.#onChange();
    }
  }

  #register(name: string, trunk: SipTrunk): void {
    const { uri, proxy, username, authUsername = username, password, callerId, realm } = trunk;
    const host = hostOf(uri);
    const registration = this.#stack.register({
      registrar: uri,
      trunk: name,
      ...(proxy !== undefined && { proxy }),
      saved: this.#saved.get(name),
      address: `sip:${encodeURIComponent(username ?? callerId ?? 'canopy')}@${trunk.domain ?? host}`,
      ...(authUsername !== undefined &&
        password !== undefined && {
          credentials: { username: authUsername, password, realm: realm ?? host },
        }),
    });
    this.#saved.delete(name);
    const entry: Entry = {
      settings: settingsOf(trunk),
      registration,
      status: { state: 'registering', expiresAtMs: null, lastFailure: null },
    };
    registration.on('registered', ({ expiresSeconds }) => {
      this.#log.info({ trunk: name, expiresSeconds }, 'trunk registered');
      const expiresAtMs = Date.now() + expiresSeconds * 1000;
      this.#changed(name, entry, { ...entry.status, state: 'registered', expiresAtMs });
      if (this.#open.get(name) === entry) {
        const { addresses, ...rest } = registration.save(expiresSeconds);
        this.#save(name, { ...rest, addresses: addresses.slice(0, MAX_SAVED_ADDRESSES) });
      }
    });
    registration.on('closed', () => {
      if (!this.#open.has(name) || this.#open.get(name) === entry) {
        this.#save(name, null);
      }
    });
    registration.on('failed', (failure) => {
      this.#log.warn({ trunk: name, ...failure }, 'trunk registration failed');
      const { status: sipStatus, reason } = failure;
      const lastFailure = { atMs: Date.now(), sipStatus, reason: reason.slice(0, MAX_REASON_LENGTH) };
      this.#changed(name, entry, { state: 'failed', expiresAtMs: null, lastFailure });
    });
    this.#open.set(name, entry);
  }

  /** Updates the status. Does not report registrations that have been removed. */
  #changed(name: string, entry: Entry, status: TrunkRegistration): void {
    entry.status = status;
    if (this.#open.get(name) === entry) {
      this.#onChange();
    }
  }
}

/** What a registration depends on. Other changes of a trunk do not disturb it. */
function settingsOf(trunk: SipTrunk): string {
  const { uri, proxy, domain, username, authUsername, password, realm, callerId } = trunk;
  return JSON.stringify([uri, proxy, domain, username, authUsername, password, realm, callerId]);
}
