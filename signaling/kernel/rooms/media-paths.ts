import type { EventData, IceCandidate } from '../../../contract/index.ts';

type TransportState = EventData<'transport.state'>['state'];

/** How long a transport may take to connect before the room is notified and a warning is logged, in milliseconds. */
const LATE_MS = 5000;

export interface MediaPath {
  transportId: string;
  direction: 'send' | 'recv';
  /** Where the server receives this transport's media. */
  iceCandidates: readonly IceCandidate[];
}

interface Watched extends MediaPath {
  timer: NodeJS.Timeout | undefined;
  failed: boolean;
}

/** Tracks whether one peer's media gets through: every transport that started to connect must be connected. */
export class MediaPaths {
  /** Called when a transport fails or does not connect in time, and when it recovers. Set by the room. */
  onChanged: (path: MediaPath, connected: boolean) => void = () => {};
  readonly #paths = new Map<string, Watched>();

  /** False while a transport is failed or late. */
  get connected(): boolean {
    return ![...this.#paths.values()].some(({ failed }) => failed);
  }

  add(path: MediaPath): void {
    this.#paths.set(path.transportId, { ...path, timer: undefined, failed: false });
  }

  /** The client has started to connect. */
  connecting(transportId: string): void {
    const path = this.#paths.get(transportId);
    if (path) {
      path.timer ??= setTimeout(() => this.#fail(path), LATE_MS);
    }
  }

  update(transportId: string, state: TransportState): void {
    const path = this.#paths.get(transportId);
    if (!path) {
      return;
    }
    if (state === 'connected') {
      this.#succeed(path);
    } else if (state === 'disconnected' || state === 'failed') {
      // The worker notices a lost path late, so do not wait any longer.
      this.#fail(path);
    }
  }

  remove(transportId: string): void {
    const path = this.#paths.get(transportId);
    if (!path) {
      return;
    }
    this.#paths.delete(transportId);
    this.#succeed(path);
  }

  clear(): void {
    for (const transportId of [...this.#paths.keys()]) {
      this.remove(transportId);
    }
  }

  #fail(path: Watched): void {
    clearTimeout(path.timer);
    if (path.failed) {
      return;
    }
    path.failed = true;
    this.onChanged(path, false);
  }

  #succeed(path: Watched): void {
    clearTimeout(path.timer);
    if (!path.failed) {
      return;
    }
    path.failed = false;
    this.onChanged(path, true);
  }
}
