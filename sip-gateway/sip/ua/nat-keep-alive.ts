import { bareHost, type Uri } from '../message/index.ts';
import type { Clock, Timer } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { Binding } from './bindings.ts';
import type { Registrar } from './registrar.ts';

/** Interval between packets, in milliseconds. Many NATs forget a UDP flow after 30 s, although RFC 4787 §4.3 asks for two minutes. */
const INTERVAL_MS = 20_000;
/** How often due phones are looked for, in milliseconds. */
const TICK_MS = 5000;

/**
 * Keeps the NAT open for phones that registered over UDP from behind one: sends each phone a request, so that packets pass in both
 * directions. Owns its timer; `close` ends it.
 */
export class NatKeepAlive {
  readonly #clock: Clock;
  readonly #registrar: Registrar;
  readonly #ping: (uri: Uri, flow: Flow) => void;
  readonly #pingedAt = new WeakMap<Binding, number>();
  #timer: Timer;

  /** `ping` sends one packet and ignores the answer. */
  constructor(clock: Clock, registrar: Registrar, ping: (uri: Uri, flow: Flow) => void) {
    this.#clock = clock;
    this.#registrar = registrar;
    this.#ping = ping;
    this.#timer = this.#later();
  }

  close(): void {
    this.#timer.cancel();
  }

  #later(): Timer {
    return this.#clock.after(TICK_MS, () => {
      this.#timer = this.#later();
      for (const user of this.#registrar.users())
        for (const binding of this.#registrar.lookup(user)) if (isBehindNat(binding)) this.#keep(binding);
    });
  }

  #keep(binding: Binding): void {
    const now = this.#clock.now();
    if (now - (this.#pingedAt.get(binding) ?? binding.registeredAt) < INTERVAL_MS) return;
    this.#pingedAt.set(binding, now);
    this.#ping(binding.contact, binding.flow);
  }
}

/** Whether the phone's address, as we see it, differs from its Contact. */
function isBehindNat({ contact, flow }: Binding): boolean {
  if (flow.reliable || !('host' in contact)) return false;
  return bareHost(contact.host) !== flow.remote.address || (contact.port ?? 5060) !== flow.remote.port;
}
