import { signal } from '@preact/signals';
import { CanopyError, type Client, type NewPhone, type OwnPhone } from '../../../sdk/index.ts';

/** The telephones of this account, in the call settings. */
export class OwnPhoneList {
  readonly phones = signal<readonly OwnPhone[] | undefined>(undefined);
  /** The user’s telephone numbers. */
  readonly numbers = signal<readonly string[]>([]);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #connect: () => Promise<Client>;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /** Never rejects. */
  load(): Promise<void> {
    return this.#try(() => {});
  }

  setRings(username: string, rings: boolean): Promise<void> {
    return this.#try((client) => client.phones.setRings(username, rings));
  }

  /** @throws {CanopyError} GATEWAY_MISSING, LIMIT_REACHED, RATE_LIMITED */
  async add(displayName: string): Promise<NewPhone> {
    const added = await (await this.#connect()).phones.add(displayName);
    await this.load();
    return added;
  }

  /** @throws {CanopyError} RATE_LIMITED, CONNECTION_LOST */
  async remove(username: string): Promise<void> {
    await (await this.#connect()).phones.remove(username);
    await this.load();
  }

  async #try(act: (client: Client) => Promise<void> | void): Promise<void> {
    try {
      const client = await this.#connect();
      await act(client);
      const { phones, numbers } = await client.phones.list();
      this.phones.value = phones;
      this.numbers.value = numbers;
      this.problem.value = undefined;
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    }
  }
}
