import type { Uri } from '../message/index.ts';
import type { Flow } from '../transport/index.ts';

/** Where a user can be reached: one Contact of a REGISTER (RFC 3261 §10). */
export interface Binding {
  readonly contact: Uri;
  readonly callId: string;
  readonly sequence: number;
  /** When it was made or refreshed, on the stack's clock, in milliseconds. */
  readonly registeredAt: number;
  /** The phone's `+sip.instance` (RFC 5626 §4.1), if it has one. */
  readonly instance: string | undefined;
  /** When it ends, on the stack's clock, in milliseconds. */
  readonly expiresAt: number;
  /** Preference, 0 to 1. */
  readonly q: number;
  /** The flow that it registered on: requests go there while it is open, so that NATs let them through. */
  readonly flow: Flow;
  readonly userAgent: string;
}

/** Keeps bindings by user. A store of another kind can take its place. */
export interface BindingStore {
  get(user: string): readonly Binding[];
  set(user: string, bindings: readonly Binding[]): void;
  users(): readonly string[];
}

/** Bindings in memory: phones register again within the hour anyway. */
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
