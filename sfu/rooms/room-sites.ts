import type { Router } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import { answered } from '../worker-errors.ts';
import type { MediaWorker } from '../workers/index.ts';

/** A worker and the room's router on it. */
export interface Site {
  readonly worker: MediaWorker;
  readonly router: Router;
}

export interface RoomSitesOptions {
  /** Where the room was opened. */
  home: Site;
  /** Creates a router of the room on a further worker. */
  createRouter(worker: MediaWorker): Promise<Router>;
  /**
   * Chooses the worker for one more peer: one of the room's workers (`current`, its home first) as long as it can carry more, else another.
   */
  place(current: readonly [MediaWorker, ...MediaWorker[]]): MediaWorker;
}

/**
 * The workers that carry a room: its home, and others of the host once it outgrows a core. Pipe transports preserve producer IDs, so
 * callers need not know where a producer is. Owned by Room.
 */
export class RoomSites {
  readonly home: Site;
  readonly #options: RoomSitesOptions;
  readonly #sites = new Map<MediaWorker, Promise<Site>>();
  /** The sites that are ready, home first. */
  readonly #ready: Site[];
  /** The site each producer was created on. */
  readonly #origins = new Map<string, Site>();
  /** Producers piped to a site, or being piped, by the IDs of both. */
  readonly #piped = new Map<string, Promise<void>>();
  /** Pairs of routers connected by pipe transports. */
  readonly #pairs = new Set<string>();
  /** Pipes are created one at a time: mediasoup would create a second transport pair for the opposite direction. */
  #piping: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: RoomSitesOptions) {
    this.home = options.home;
    this.#options = options;
    this.#ready = [options.home];
    this.#sites.set(options.home.worker, Promise.resolve(options.home));
  }

  get all(): readonly Site[] {
    return this.#ready;
  }

  /** Number of pipe transports, two between each pair of sites. */
  get pipeTransportCount(): number {
    return this.#pairs.size * 2;
  }

  /** Whether a worker carries the room, or will shortly. */
  uses(worker: MediaWorker): boolean {
    return this.#sites.has(worker);
  }

  /**
   * The site for one more peer, opened if needed; concurrent calls share one opening.
   * @throws {CanopyError} WORKER_UNAVAILABLE, ROOM_NOT_JOINED
   */
  async choose(): Promise<Site> {
    const worker = this.#options.place([this.home.worker, ...[...this.#sites.keys()].slice(1)]);
    const known = this.#sites.get(worker);
    if (known) {
      return known;
    }
    const opening = this.#open(worker);
    this.#sites.set(worker, opening);
    opening.catch(() => this.#sites.delete(worker));
    return opening;
  }

  /** Records the site of a new producer. */
  produced(producerId: string, site: Site): void {
    this.#origins.set(producerId, site);
  }

  /** Forgets a closed producer, whose pipes close with it. */
  forget(producerId: string): void {
    this.#origins.delete(producerId);
    for (const { router } of this.#ready) {
      this.#piped.delete(`${producerId} ${router.id}`);
    }
  }

  /** Makes a producer consumable at a site; concurrent calls share one pipe. @throws {CanopyError} PRODUCER_UNKNOWN */
  async pipeTo(producerId: string, site: Site): Promise<void> {
    const origin = this.#origins.get(producerId);
    if (!origin) {
      throw new CanopyError('PRODUCER_UNKNOWN');
    }
    if (origin === site) {
      return;
    }
    const key = `${producerId} ${site.router.id}`;
    const known = this.#piped.get(key);
    if (known) {
      return known;
    }
    const piping = this.#piping.then(() => this.#pipe(producerId, origin, site));
    this.#piping = piping.catch(() => {});
    this.#piped.set(key, piping);
    // The next call tries again.
    piping.catch(() => this.#piped.delete(key));
    return piping;
  }

  /** Closes all routers. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#origins.clear();
    this.#piped.clear();
    this.#pairs.clear();
    for (const { router } of this.#ready) {
      router.close();
    }
  }

  async #open(worker: MediaWorker): Promise<Site> {
    const site = { worker, router: await this.#options.createRouter(worker) };
    if (this.#closed) {
      site.router.close();
      throw new CanopyError('ROOM_NOT_JOINED', 'the room closed meanwhile');
    }
    this.#ready.push(site);
    return site;
  }

  async #pipe(producerId: string, origin: Site, site: Site): Promise<void> {
    if (!this.#origins.has(producerId)) {
      throw new CanopyError('PRODUCER_UNKNOWN');
    }
    // No retransmission or SCTP here: losses are repaired on the way to receivers, not between workers of one host.
    await answered(
      origin.router.pipeToRouter({ producerId, router: site.router, enableSctp: false }),
      'PRODUCER_UNKNOWN',
    );
    this.#pairs.add([origin.router.id, site.router.id].sort().join(' '));
  }
}
