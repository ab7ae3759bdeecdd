import { bareHost, type Uri } from '../message/index.ts';
import type { Clock, Timer } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { Binding } from './bindings.ts';
import type { Registrar } from './registrar.ts';

/** Minimum interval between packets, in milliseconds. Many NATs drop UDP bindings after 30 s, although RFC 4787 §4.3 requires 2 minutes. */
const INTERVAL_MS = 20_000;
/** Interval of the timer, in milliseconds. */
const TICK_MS = 5000;

/**
 * Keeps NAT bindings open for phones that registered over UDP, by sending requests, so that packets flow in both directions. Owns its
 * timer; `close` stops it.
 */
export class NatKeepAlive {
  readonly #clock: Clock;
  readonly #registrar: Registrar;
  readonly #ping: (uri: Uri, flow: Flow) => void;
  readonly #pingedAt = new WeakMap<Binding, number>();
  #timer: Timer;

  /** `ping` sends one packet and ignores the response. */
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
      for (const user of this.#registrar.users()) {
        for (const binding of this.#registrar.lookup(user)) {
          if (isBehindNat(binding)) {
            this.#keep(binding);
          }
        }
      }
    });
  }

  #keep(binding: Binding): void {
    const now = this.#clock.now();
    if (now - (this.#pingedAt.get(binding) ?? binding.registeredAt) < INTERVAL_MS) {
      return;
    }
    this.#pingedAt.set(binding, now);
    this.#ping(binding.contact, binding.flow);
  }
}

/** Whether the source address of a phone differs from its Contact. */
function isBehindNat({ contact, flow, path }: Binding): boolean {
  // A proxy on the way keeps its own flows.
  if (flow.reliable || path.length > 0 || !('host' in contact)) {
    return false;
  }
  return bareHost(contact.host) !== flow.remote.address || (contact.port ?? 5060) !== flow.remote.port;
}
