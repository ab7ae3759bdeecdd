import type { Logger } from '../base/index.ts';
import type { SipTrunk, TrunkRegistration } from '../contract/index.ts';
import { hostOf } from './dial/index.ts';
import type { Registration, SipStack } from './sip/index.ts';

interface Entry {
  settings: string;
  registration: Registration;
  status: TrunkRegistration;
}

/** Maximum length of a reported reason, in characters: registrars choose it. */
const MAX_REASON_LENGTH = 100;

/** Registers the gateway at trunks with `register`, and keeps the status of each registration. */
export class TrunkRegistrations {
  readonly #stack: SipStack;
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #open = new Map<string, Entry>();

  /** `onChange` is called when list() has changed. */
  constructor(stack: SipStack, log: Logger, onChange: () => void) {
    this.#stack = stack;
    this.#log = log;
    this.#onChange = onChange;
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
      if (trunk && JSON.stringify(trunk) === settings) {
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
    const { uri, username, authUsername = username, password, callerId, realm } = trunk;
    const host = hostOf(uri);
    const registration = this.#stack.register({
      registrar: uri,
      trunk: name,
      address: `sip:${encodeURIComponent(username ?? callerId ?? 'canopy')}@${trunk.domain ?? host}`,
      ...(authUsername !== undefined &&
        password !== undefined && {
          credentials: { username: authUsername, password, realm: realm ?? host },
        }),
    });
    const entry: Entry = {
      settings: JSON.stringify(trunk),
      registration,
      status: { state: 'registering', expiresAtMs: null, lastFailure: null },
    };
    registration.on('registered', ({ expiresSeconds }) => {
      this.#log.info({ trunk: name, expiresSeconds }, 'trunk registered');
      const expiresAtMs = Date.now() + expiresSeconds * 1000;
      this.#changed(name, entry, { ...entry.status, state: 'registered', expiresAtMs });
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
