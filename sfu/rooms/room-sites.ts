import type { Router, RouterRtpCodecCapability } from 'mediasoup/types';
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
  /** Creates a router of the room on a further worker. Default codecs: the room's. */
  createRouter(worker: MediaWorker, codecs?: RouterRtpCodecCapability[]): Promise<Router>;
  /**
   * Chooses the worker for one more peer: one of the room's workers (`current`, its home first) as long as it can carry more, else another.
   */
  place(current: readonly [MediaWorker, ...MediaWorker[]]): MediaWorker;
}

/**
 * The workers that carry a room: its home, and others of the host once it outgrows a core. Pipe transports preserve producer IDs, so
 * callers need not know where a producer is; only a site of a single receiver knows it by another one. Owned by Room.
 */
export class RoomSites {
  readonly home: Site;
  readonly #options: RoomSitesOptions;
  readonly #sites = new Map<MediaWorker, Promise<Site>>();
  /** The sites that are ready, home first. */
  readonly #ready: Site[];
  /** Sites of single receivers. */
  readonly #own = new Set<Site>();
  /** The site each producer was created on. */
  readonly #origins = new Map<string, Site>();
  /** Producers piped to a site, or being piped, by the IDs of both: their IDs there. */
  readonly #piped = new Map<string, Promise<string>>();
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

  /** Number of routers, with those of single receivers. */
  get routerCount(): number {
    return this.#ready.length + this.#own.size;
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
    for (const { router } of [...this.#ready, ...this.#own]) {
      this.#piped.delete(`${producerId} ${router.id}`);
    }
  }

  /** Opens a site with other codecs, for one receiver that is on this site. closeOwn() closes it. @throws {CanopyError} ROOM_NOT_JOINED */
  async openOwn({ worker }: Site, codecs: RouterRtpCodecCapability[]): Promise<Site> {
    const site = { worker, router: await this.#options.createRouter(worker, codecs) };
    this.#assertOpen(site);
    this.#own.add(site);
    return site;
  }

  /** Closes the site of a single receiver. Idempotent. */
  closeOwn(site: Site): void {
    const { id } = site.router;
    site.router.close();
    this.#own.delete(site);
    for (const key of [...this.#piped.keys()].filter((each) => each.endsWith(` ${id}`))) {
      this.#piped.delete(key);
    }
    for (const pair of [...this.#pairs].filter((each) => each.split(' ').includes(id))) {
      this.#pairs.delete(pair);
    }
  }

  /** Makes a producer consumable at a site; concurrent calls share one pipe. Returns its ID there. @throws {CanopyError} PRODUCER_UNKNOWN */
  async pipeTo(producerId: string, site: Site): Promise<string> {
    const origin = this.#origins.get(producerId);
    if (!origin) {
      throw new CanopyError('PRODUCER_UNKNOWN');
    }
    if (origin === site) {
      return producerId;
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
    for (const { router } of [...this.#ready, ...this.#own]) {
      router.close();
    }
    this.#own.clear();
  }

  async #open(worker: MediaWorker): Promise<Site> {
    const site = { worker, router: await this.#options.createRouter(worker) };
    this.#assertOpen(site);
    this.#ready.push(site);
    return site;
  }

  #assertOpen({ router }: Site): void {
    if (this.#closed) {
      router.close();
      throw new CanopyError('ROOM_NOT_JOINED', 'the room closed meanwhile');
    }
  }

  async #pipe(producerId: string, origin: Site, site: Site): Promise<string> {
    if (!this.#origins.has(producerId)) {
      throw new CanopyError('PRODUCER_UNKNOWN');
    }
    // No retransmission or SCTP here: losses are repaired on the way to receivers, not between workers of one host.
    const { pipeProducer } = await answered(
      origin.router.pipeToRouter({
        ...{ producerId, router: site.router, enableSctp: false },
        // An own site may be on the same worker, which knows the ID already.
        keepId: !this.#own.has(site),
      }),
      'PRODUCER_UNKNOWN',
    );
    if (site.router.closed) {
      throw new CanopyError('PRODUCER_UNKNOWN', 'the receiver has left meanwhile');
    }
    this.#pairs.add([origin.router.id, site.router.id].sort().join(' '));
    return pipeProducer?.id ?? producerId;
  }
}
