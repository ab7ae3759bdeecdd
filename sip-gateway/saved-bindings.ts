import type { SavedRegistrations } from '../contract/index.ts';
import { type Binding, MemoryBindings, saveBinding, type systemClock } from './sip/index.ts';

type Saved = SavedRegistrations['phones'][number]['bindings'];

/** Bindings of phones, each change of which is saved for the next process. */
export class SavedBindings extends MemoryBindings {
  readonly #clock: typeof systemClock;
  readonly #save: (user: string, bindings: Saved) => void;

  constructor(clock: typeof systemClock, save: (user: string, bindings: Saved) => void) {
    super();
    this.#clock = clock;
    this.#save = save;
  }

  override set(user: string, bindings: readonly Binding[]): void {
    const before = this.get(user);
    super.set(user, bindings);
    const saved = bindings.flatMap((binding) => saveBinding(binding, this.#clock) ?? []);
    // Phones over TCP and TLS cause no writes.
    if (saved.length > 0 || before.some(({ flow }) => !flow.reliable)) {
      this.#save(user, saved);
    }
  }
}
