import { ReceivedTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

/** Sees what a server forwards, as the server itself does after SRTP: someone in the room who has no keys and keeps every payload. */
export class Watcher {
  readonly #person: HeadlessPerson;
  readonly #payloads: Buffer[] = [];

  private constructor(person: HeadlessPerson) {
    this.#person = person;
    person.room.on('track', ({ track }) => this.#watch(track));
    for (const { track } of person.room.tracks) {
      this.#watch(track);
    }
  }

  static async enter(server: TestServer, roomId: string): Promise<Watcher> {
    return new Watcher(await HeadlessPerson.enter(server, roomId));
  }

  /** Waits until it has seen enough. */
  async until(isEnough: (seen: { packets: number }) => boolean): Promise<void> {
    await eventually('packets', () => ({ packets: this.#payloads.length }), isEnough, 60_000);
  }

  /** How many of these pieces, in hex, are in what it has seen. */
  count(pieces: readonly string[]): number {
    const all = Buffer.concat(this.#payloads);
    return pieces.filter((piece) => all.includes(Buffer.from(piece, 'hex'))).length;
  }

  async leave(): Promise<void> {
    await this.#person.leave();
  }

  #watch(track: MediaStreamTrack): void {
    if (track instanceof ReceivedTrack) {
      track.stream.tap = ({ payload }) => this.#payloads.push(Buffer.from(payload));
    }
  }
}
