import type { RequestInput, SavedRegistrations } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';
import { afterFailure, Reconciler } from '../reconciler.ts';

type Bindings = SavedRegistrations['phones'][number]['bindings'];
type TrunkRegistration = SavedRegistrations['trunks'][number]['registration'];

/** Maximum number of phones and trunks in one request. */
const BATCH = 100;
/** A batch ends with the phone that exceeds this length, in characters: messages have a maximum size. */
const BATCH_LENGTH = 60_000;

/**
 * Saves the gateway's registrations at the server, for its next start. Only the latest state of each phone and trunk waits to be sent, and
 * what changes during a request is sent with the next one.
 */
export class RegistrationSaver {
  readonly #connection: Connection;
  readonly #phones = new Map<string, Bindings>();
  readonly #trunks = new Map<string, TrunkRegistration>();
  readonly #sending = new Reconciler({ pass: () => this.#send() });

  /** Stops when the connection closes. */
  constructor(connection: Connection) {
    this.#connection = connection;
    connection.on('state', (state) => {
      if (state === 'closed') {
        this.#sending.stop();
      }
    });
  }

  /** The registrations of a phone have changed: all of them. */
  phone(username: string, bindings: Bindings): void {
    // A later change comes after those that wait.
    this.#phones.delete(username);
    this.#phones.set(username, bindings);
    this.retry();
  }

  /** Our registration at a trunk has changed; null: it has ended. */
  trunk(trunk: string, registration: TrunkRegistration): void {
    this.#trunks.set(trunk, registration);
    this.retry();
  }

  /** Sends what waits, after the connection has returned. */
  retry(): void {
    if (this.#connection.state !== 'closed' && this.#phones.size + this.#trunks.size > 0) {
      this.#sending.poke({ patient: true });
    }
  }

  /** Resolves when nothing waits to be sent, or the connection is lost. */
  async settled(): Promise<void> {
    if (this.#sending.running) {
      await this.#sending.run().catch(() => {});
    }
  }

  /** What an earlier gateway saved. @throws {CanopyError} CONNECTION_LOST; and the server's refusals */
  async load(): Promise<SavedRegistrations> {
    const loaded: SavedRegistrations = { phones: [], trunks: [] };
    let after: string | undefined;
    do {
      const page = await this.#connection.request('gateway.loadRegistrations', {
        ...(after !== undefined && { after }),
      });
      loaded.phones.push(...(page.phones as SavedRegistrations['phones']));
      loaded.trunks.push(...(page.trunks as SavedRegistrations['trunks']));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return loaded;
  }

  async #send(): Promise<void> {
    while (this.#phones.size + this.#trunks.size > 0) {
      const batch = this.#take();
      try {
        await this.#connection.request('gateway.saveRegistrations', batch);
      } catch (error) {
        if (afterFailure(CanopyError.from(error)) === 'fail') {
          throw error;
        }
        // What has not changed since is sent again.
        for (const { username, bindings } of batch.phones) {
          if (!this.#phones.has(username)) {
            this.#phones.set(username, bindings as Bindings);
          }
        }
        for (const { trunk, registration } of batch.trunks) {
          if (!this.#trunks.has(trunk)) {
            this.#trunks.set(trunk, registration as TrunkRegistration);
          }
        }
        throw error;
      }
    }
  }

  /** Takes the changes of the next request. */
  #take(): RequestInput<'gateway.saveRegistrations'> {
    const phones: SavedRegistrations['phones'] = [];
    let length = 0;
    for (const [username, bindings] of this.#phones) {
      if (phones.length === BATCH || length > BATCH_LENGTH) {
        break;
      }
      phones.push({ username, bindings });
      length += JSON.stringify(bindings).length;
      this.#phones.delete(username);
    }
    const trunks = [...this.#trunks]
      .slice(0, BATCH)
      .map(([trunk, registration]) => ({ trunk, registration }));
    for (const { trunk } of trunks) {
      this.#trunks.delete(trunk);
    }
    return { phones, trunks };
  }
}
