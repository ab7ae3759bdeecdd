import type { Logger } from '../base/index.ts';
import type { SipTrunk } from '../signaling/protocol/index.ts';
import { hostOf } from './dial/index.ts';
import type { Registration, SipStack } from './sip/index.ts';

/** Keeps the gateway registered at those trunks that want it. */
export class TrunkRegistrations {
  readonly #stack: SipStack;
  readonly #log: Logger;
  readonly #open = new Map<string, { settings: string; registration: Registration }>();

  constructor(stack: SipStack, log: Logger) {
    this.#stack = stack;
    this.#log = log;
  }

  /** Follows the settings: what has changed is registered anew, what is gone is taken back. */
  update(trunks: readonly SipTrunk[]): void {
    const wanted = new Map(
      trunks.filter(({ register }) => register).map((trunk) => [trunk.name, trunk] as const),
    );
    for (const [name, { settings, registration }] of [...this.#open]) {
      const trunk = wanted.get(name);
      if (trunk && JSON.stringify(trunk) === settings) continue;
      this.#open.delete(name);
      registration.close().catch(() => {});
    }
    for (const [name, trunk] of wanted) if (!this.#open.has(name)) this.#register(name, trunk);
  }

  #register(name: string, trunk: SipTrunk): void {
    const { uri, username, password, callerId, realm } = trunk;
    const host = hostOf(uri);
    const registration = this.#stack.register({
      registrar: uri,
      address: `sip:${encodeURIComponent(username ?? callerId ?? 'canopy')}@${host}`,
      ...(username !== undefined &&
        password !== undefined && { credentials: { username, password, realm: realm ?? host } }),
    });
    registration.on('registered', ({ expiresSeconds }) =>
      this.#log.info({ trunk: name, expiresSeconds }, 'registered at the trunk'),
    );
    registration.on('failed', (failure) =>
      this.#log.warn({ trunk: name, ...failure }, 'not registered at the trunk'),
    );
    this.#open.set(name, { settings: JSON.stringify(trunk), registration });
  }
}
