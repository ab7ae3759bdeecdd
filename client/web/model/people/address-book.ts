import { signal } from '@preact/signals';
import { type AddressBookState, CanopyError, type Client } from '../../../sdk/index.ts';

/** The user's address book on another server, in its dialog. */
export class AddressBookModel {
  /** Undefined until it is loaded. */
  readonly state = signal<AddressBookState | undefined>(undefined);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly busy = signal(false);
  readonly #connect: () => Promise<Client>;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /** Loads the state and follows its changes. Returns a function that stops that. */
  start(): () => void {
    let isStopped = false;
    let stop = () => {};
    void this.#try(async ({ addressBook }) => {
      const unlisten = addressBook.on('changed', (state) => {
        this.state.value = state;
      });
      stop = unlisten;
      if (isStopped) {
        unlisten();
      }
      this.state.value = await addressBook.get();
    });
    return () => {
      isStopped = true;
      stop();
    };
  }

  connect(book: { url: string; username: string; password: string }): Promise<void> {
    return this.#try(async ({ addressBook }) => {
      this.state.value = await addressBook.connect(book);
    });
  }

  synchronise(): Promise<void> {
    return this.#try(async ({ addressBook }) => {
      await addressBook.synchronise();
    });
  }

  disconnect(): Promise<void> {
    return this.#try(async ({ addressBook }) => {
      await addressBook.disconnect();
      this.state.value = {};
    });
  }

  async #try(act: (client: Client) => Promise<void>): Promise<void> {
    this.busy.value = true;
    this.problem.value = undefined;
    try {
      await act(await this.#connect());
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    }
    this.busy.value = false;
  }
}
