import type { EventData, IceCandidate } from '../../../contract/index.ts';

type TransportState = EventData<'transport.state'>['state'];

/** How long a transport may take to connect before the room is notified and it is logged, in milliseconds. */
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

/** Whether one peer's media gets through. It does unless a transport that should be connected is not. */
export class MediaPaths {
  /** Called when a transport has failed to connect in time, and when it connects after all; set by the room. */
  onChanged: (path: MediaPath, connected: boolean) => void = () => {};
  readonly #paths = new Map<string, Watched>();

  /** Whether every transport that should be connected is, as far as is known. */
  get connected(): boolean {
    return ![...this.#paths.values()].some(({ failed }) => failed);
  }

  add(path: MediaPath): void {
    this.#paths.set(path.transportId, { ...path, timer: undefined, failed: false });
  }

  /** The client has started to connect. */
  connecting(transportId: string): void {
    const path = this.#paths.get(transportId);
    if (path) path.timer ??= setTimeout(() => this.#fail(path), LATE_MS);
  }

  update(transportId: string, state: TransportState): void {
    const path = this.#paths.get(transportId);
    if (!path) return;
    if (state === 'connected') this.#succeed(path);
    // The worker is slow to notice a lost path, so there is no reason to wait longer.
    else if (state === 'disconnected' || state === 'failed') this.#fail(path);
  }

  remove(transportId: string): void {
    const path = this.#paths.get(transportId);
    if (!path) return;
    this.#paths.delete(transportId);
    this.#succeed(path);
  }

  clear(): void {
    for (const transportId of [...this.#paths.keys()]) this.remove(transportId);
  }

  #fail(path: Watched): void {
    clearTimeout(path.timer);
    if (path.failed) return;
    path.failed = true;
    this.onChanged(path, false);
  }

  #succeed(path: Watched): void {
    clearTimeout(path.timer);
    if (!path.failed) return;
    path.failed = false;
    this.onChanged(path, true);
  }
}
