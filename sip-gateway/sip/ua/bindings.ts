import type { Uri } from '../message/index.ts';
import type { Flow } from '../transport/index.ts';

/** Where a user can be reached: one Contact of a REGISTER (RFC 3261 §10). */
export interface Binding {
  readonly contact: Uri;
  readonly callId: string;
  readonly sequence: number;
  /** Time of its registration or last refresh, on the stack's clock, in milliseconds. */
  readonly registeredAt: number;
  /** The phone's `+sip.instance` (RFC 5626 §4.1), if it has one. */
  readonly instance: string | undefined;
  /** Which of the phone's flows it is (RFC 5626), if it has several or may have. */
  readonly regId: number | undefined;
  /** Proxies on the way to the phone (RFC 3327), for the Route of requests. */
  readonly path: readonly string[];
  /** Time of its expiry, on the stack's clock, in milliseconds. */
  readonly expiresAt: number;
  /** Preference, 0 to 1. */
  readonly q: number;
  /** The flow that the phone registered on. Requests use it while it is open, since NATs let them through. */
  readonly flow: Flow;
  readonly userAgent: string;
}

/** Stores bindings by user. */
export interface BindingStore {
  get(user: string): readonly Binding[];
  set(user: string, bindings: readonly Binding[]): void;
  users(): readonly string[];
}

/** Keeps bindings in memory. */
export class MemoryBindings implements BindingStore {
  readonly #bindings = new Map<string, readonly Binding[]>();

  get(user: string): readonly Binding[] {
    return this.#bindings.get(user) ?? [];
  }

  set(user: string, bindings: readonly Binding[]): void {
    if (bindings.length === 0) {
      this.#bindings.delete(user);
    } else {
      this.#bindings.set(user, bindings);
    }
  }

  users(): readonly string[] {
    return [...this.#bindings.keys()];
  }
}
