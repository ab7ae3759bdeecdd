import { signal } from '@preact/signals';
import { CanopyError, type NewStreamKey, type StreamDirection, type StreamKey } from '../../../sdk/index.ts';
import type { Call } from './call.ts';

/** The room's stream keys, in the dialog that makes and revokes them. */
export class Streaming {
  readonly keys = signal<readonly StreamKey[]>([]);
  /** The key that was just made, whose secret is shown once. */
  readonly made = signal<NewStreamKey | undefined>(undefined);
  readonly busy = signal(true);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  load(): Promise<void> {
    return this.#try(async () => undefined);
  }

  create(direction: StreamDirection, name: string): Promise<void> {
    return this.#try(async () => {
      this.made.value = await this.#call.client.streamKeys.create(this.#call.address, { direction, name });
    });
  }

  revoke(keyId: string): Promise<void> {
    return this.#try(async () => {
      await this.#call.client.streamKeys.revoke(keyId);
      if (this.made.value?.keyId === keyId) {
        this.made.value = undefined;
      }
    });
  }

  async #try(act: () => Promise<void>): Promise<void> {
    this.busy.value = true;
    this.problem.value = undefined;
    try {
      await act();
      this.keys.value = await this.#call.client.streamKeys.list(this.#call.address);
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    } finally {
      this.busy.value = false;
    }
  }
}
