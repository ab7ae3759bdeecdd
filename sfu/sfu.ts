import { EventEmitter } from 'node:events';
import { setLogEventListeners } from 'mediasoup';
import { generateRouterRtpCapabilities } from 'mediasoup/ortc';
import type { RtpCapabilities } from 'mediasoup/types';
import type { Logger } from 'pino';
import { CanopyError, type ErrorCode } from '../base/errors/index.ts';
import { Allocations } from './allocation/index.ts';
import { type PhoneCodec, routerCodecs } from './codecs.ts';
import { PathTests, type SentLoad, type TestLoad } from './path-tests/index.ts';
import type { Peer } from './peers/index.ts';
import { LoadMonitor, refusal, type StressLevel } from './protection/index.ts';
import { Placement, Rooms } from './rooms/index.ts';
import type { SfuOptions } from './sfu-options.ts';
import { TrafficMeter } from './transports/index.ts';
import type {
  ClientDtlsParameters,
  ConsumerResult,
  ConsumersResult,
  Direction,
  Endpoint,
  Layers,
  Layout,
  MediaPath,
  PlainTransportInfo,
  ProduceOptions,
  RoomExplanation,
  SfuEvents,
  SfuGauges,
  SfuLoad,
  TestedPath,
  TrafficTotals,
  TransportInfo,
  WorkerStatus,
} from './types.ts';
import type { MediaWorker } from './workers/index.ts';
import { WorkerPool } from './workers/index.ts';

const MEASURE_TIMEOUT_MS = 500;
const DEFAULT_MEMORY_LIMIT_BYTES = 2 * 1024 ** 3;
const DEFAULT_BUDGET_BPS = 2_000_000;
const DEFAULT_CPU_LIMIT_SHARE = 0.85;
const DEFAULT_SPILL_SHARE = 0.65;
const DEFAULT_LINK_FLOOR_BPS = 250_000;
const DEFAULT_AUDIBLE_SPEAKERS = 3;
/** No path tests while calls need more than this share of a limited link. */
const MAX_LINK_SHARE_FOR_TESTS = 0.8;

/**
 * The media plane. Every call names the room and the peer it is for. A peer can reach only its own objects, and the producers of others in
 * its room to consume them. Arguments, results and events are plain data. Closing: see README.md.
 *
 * Calls reject with CanopyError. In addition to the codes listed at a method: ROOM_NOT_JOINED (the room is not open), ROOM_REHOMING (it was
 * lost with its worker and has not been reopened), WORKER_UNAVAILABLE (the worker died before it answered).
 */
export class Sfu extends EventEmitter<SfuEvents> {
  /** The capabilities of every room's router. */
  readonly routerRtpCapabilities: RtpCapabilities;
  readonly #log: Logger;
  readonly #pool: WorkerPool;
  readonly #meter = new TrafficMeter();
  readonly #rooms: Rooms;
  readonly #allocations: Allocations;
  readonly #load: LoadMonitor;
  readonly #pathTests = new PathTests();
  readonly #placement: Placement<MediaWorker>;
  readonly #limits: {
    cpuLimitShare: number;
    linkBps: number | null;
    linkFloorBps: number;
    spillShare: number;
  };
  #closing: Promise<void> | undefined;

  /** Starts the workers. @throws {CanopyError} WORKER_MISSING, PORT_IN_USE */
  static async create(options: SfuOptions): Promise<Sfu> {
    const log = options.log.child({ part: 'sfu' });
    setLogEventListeners({
      onwarn: (namespace, message) => log.debug({ namespace }, message),
      // Requests for objects that the worker has just closed itself are harmless.
      onerror: (namespace, message, error) =>
        log[/NotFoundError/.test(message) ? 'debug' : 'warn']({ namespace, err: error }, message),
    });
    const pool = await WorkerPool.create({
      workers: options.workers,
      rtcPort: options.rtcPort,
      listen: options.listen,
      workerBin: options.workerBin,
      heartbeatMilliseconds: options.heartbeatMilliseconds ?? 500,
      memoryLimitBytes: options.workerMemoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES,
      log,
    });
    return new Sfu(options, pool, log);
  }

  private constructor(options: SfuOptions, pool: WorkerPool, log: Logger) {
    super();
    this.#pool = pool;
    this.#log = log;
    this.routerRtpCapabilities = generateRouterRtpCapabilities(routerCodecs(options.mediaCodecs));
    this.#rooms = new Rooms(pool, (roomId) => ({
      roomId,
      mediaCodecs: options.mediaCodecs,
      downBudgetBps: options.downBudgetBps ?? DEFAULT_BUDGET_BPS,
      upBudgetBps: options.upBudgetBps ?? DEFAULT_BUDGET_BPS,
      requestAllocation: () => this.#allocations.request(roomId),
      audibleSpeakers: options.audibleSpeakers ?? DEFAULT_AUDIBLE_SPEAKERS,
      place: (current) => this.#placement.place(current),
      meter: this.#meter,
      emit: (name, data) => this.#emit(name, data),
    }));
    this.#limits = {
      cpuLimitShare: options.cpuLimitShare ?? DEFAULT_CPU_LIMIT_SHARE,
      linkBps: options.linkBps || null,
      linkFloorBps: options.linkFloorBps ?? DEFAULT_LINK_FLOOR_BPS,
      spillShare: options.spillShare ?? DEFAULT_SPILL_SHARE,
    };
    this.#load = new LoadMonitor({
      workers: () => pool.live.map(({ workerId, usage }) => ({ workerId, cpuSeconds: usage.cpuSeconds })),
      limitShare: this.#limits.cpuLimitShare,
      log,
    });
    this.#placement = new Placement({
      live: () => pool.live,
      shareOf: ({ workerId }) => this.#load.shareOf(workerId),
      spillShare: this.#limits.spillShare,
      now: () => performance.now(),
    });
    this.#allocations = new Allocations({
      rooms: () => this.#rooms.all.map(({ allocation }) => allocation),
      linkBps: this.#limits.linkBps,
      stressLevel: (rooms) => this.#stressOf(rooms.map(({ roomId }) => roomId)),
      emit: (name, data) => this.#emit(name, data),
    });
    pool.on('died', (worker, reason) => this.#onWorkerDied(worker, reason));
    pool.on('started', ({ workerId, pid }) => this.#emit('workerstarted', { workerId, pid }));
  }

  /**
   * Opens a room on the least loaded worker, or returns the worker it is already open on. Concurrent calls share one opening. After
   * `roomlost` it reopens the room on another worker, or on the replacement.
   */
  async openRoom(roomId: string): Promise<{ workerId: string; routerRtpCapabilities: RtpCapabilities }> {
    if (this.#closing) {
      throw new CanopyError('SERVER_CLOSING');
    }
    const room = await this.#rooms.open(roomId);
    return { workerId: room.worker.workerId, routerRtpCapabilities: room.rtpCapabilities };
  }

  /**
   * Checks whether one more person may enter a room, open or not, without degrading the media of those inside.
   * @throws {CanopyError} SERVER_BUSY - naming the shortage
   */
  admit(roomId: string): void {
    const room = this.#rooms.find(roomId);
    const stays = room && this.#limits.spillShare >= 1;
    const workers = stays ? room.workers : this.#pool.live;
    const shares = workers.map(({ workerId }) => this.#load.shareOf(workerId) ?? 0);
    const short = refusal({
      workerShare: shares.length > 0 ? Math.min(...shares) : null,
      limitShare: this.#limits.cpuLimitShare,
      linkBps: this.#limits.linkBps,
      receivers: this.#rooms.all.reduce((sum, each) => sum + each.receiverCount, 0),
      linkFloorBps: this.#limits.linkFloorBps,
    });
    if (short !== undefined) {
      throw new CanopyError('SERVER_BUSY', short);
    }
  }

  /** Closes a room and everything in it, and forgets a lost one. Idempotent. */
  closeRoom(roomId: string): void {
    this.#rooms.close(roomId);
  }

  /** Announces these addresses in new transports from now on; see AnnouncedHosts. */
  announce(listen: SfuOptions['listen']): void {
    this.#pool.announce(listen);
  }

  /** Those of the phones' codecs that everybody in the room but this peer can play; none if the room is not open. */
  playableFrom(roomId: string, peerId: string): PhoneCodec[] {
    return this.#rooms.find(roomId)?.playableFrom(peerId) ?? [];
  }

  /** Opens the peer's transport for one direction. @throws {CanopyError} TRANSPORT_EXISTS, MEDIA_REJECTED */
  async createTransport(
    roomId: string,
    peerId: string,
    options: { direction: Direction; rtpCapabilities?: object; ownPayloadTypes?: boolean },
  ): Promise<TransportInfo> {
    const peer = this.#rooms.get(roomId).enter(peerId);
    return (await peer.createTransport(options.direction, options)).info;
  }

  /**
   * Opens both transports of a bridge on this host and connects them to its one socket.
   * @throws {CanopyError} BRIDGE_NOT_LOCAL, TRANSPORT_EXISTS, MEDIA_REJECTED
   */
  async createPlainTransports(
    roomId: string,
    peerId: string,
    options: { remote: Endpoint; rtpCapabilities: object },
  ): Promise<{ send: PlainTransportInfo; recv: PlainTransportInfo }> {
    const peer = this.#rooms.get(roomId).enter(peerId);
    return peer.createPlainTransports(options.remote, options.rtpCapabilities);
  }

  /** @throws {CanopyError} TRANSPORT_UNKNOWN, TRANSPORT_CONNECTED, FINGERPRINT_INVALID */
  async connectTransport(
    roomId: string,
    peerId: string,
    transportId: string,
    dtlsParameters: ClientDtlsParameters,
  ): Promise<void> {
    await this.#peer(roomId, peerId, 'TRANSPORT_UNKNOWN')
      .webRtcTransport(transportId)
      .connect(dtlsParameters);
  }

  /** @throws {CanopyError} TRANSPORT_UNKNOWN */
  async restartIce(
    roomId: string,
    peerId: string,
    transportId: string,
  ): Promise<TransportInfo['iceParameters']> {
    return this.#peer(roomId, peerId, 'TRANSPORT_UNKNOWN').webRtcTransport(transportId).restartIce();
  }

  /** Closes a transport, so that the peer may open another. Returns false if the peer has none with this ID. */
  closeTransport(roomId: string, peerId: string, transportId: string): boolean {
    return this.#rooms.find(roomId)?.peer(peerId)?.closeTransport(transportId) ?? false;
  }

  /**
   * Starts sending; emits `produceropened`.
   * @throws {CanopyError} TRANSPORT_UNKNOWN, MEDIA_REJECTED, CODEC_UNSUPPORTED; LIMIT_REACHED - too many producers, or a second voice of a
   * participant from one source; PARTICIPANT_UNKNOWN - closed by closeParticipant() meanwhile
   */
  async produce(roomId: string, peerId: string, options: ProduceOptions): Promise<{ producerId: string }> {
    const producer = await this.#peer(roomId, peerId, 'TRANSPORT_UNKNOWN').produce(options);
    return { producerId: producer.id };
  }

  /** Sets what a peer shows, from the next allocation until the peer closes. @throws {CanopyError} ROOM_NOT_JOINED */
  setLayout(roomId: string, peerId: string, layout: Layout): void {
    this.#rooms.get(roomId).enter(peerId).layout = layout;
  }

  /** Repeats the current `allocation` and `producerwanted` events for a peer that may have missed them. */
  tellAllocation(roomId: string, peerId: string): void {
    const room = this.#rooms.find(roomId);
    const peer = room?.peer(peerId);
    if (room && peer) {
      room.allocation.repeatEvents(peer);
    }
  }

  /** Explains the last allocation of a room and its input. @throws {CanopyError} ROOM_NOT_JOINED */
  explain(roomId: string): RoomExplanation {
    return this.#rooms.get(roomId).allocation.explain(performance.now());
  }

  /** @throws {CanopyError} PRODUCER_UNKNOWN */
  async pauseProducer(roomId: string, peerId: string, producerId: string): Promise<void> {
    await this.#peer(roomId, peerId, 'PRODUCER_UNKNOWN').setProducerPaused(producerId, true);
  }

  /** @throws {CanopyError} PRODUCER_UNKNOWN */
  async resumeProducer(roomId: string, peerId: string, producerId: string): Promise<void> {
    await this.#peer(roomId, peerId, 'PRODUCER_UNKNOWN').setProducerPaused(producerId, false);
  }

  /** Closes a producer and its consumers, each reported by `consumerclosed`. Returns false if the peer has none with this ID. */
  closeProducer(roomId: string, peerId: string, producerId: string): boolean {
    return this.#rooms.find(roomId)?.peer(peerId)?.closeProducer(producerId) ?? false;
  }

  /** Closes what a participant of the peer sends, and rejects pending requests for it. */
  closeParticipant(roomId: string, peerId: string, participantId: string): void {
    this.#rooms.find(roomId)?.peer(peerId)?.closeParticipant(participantId);
  }

  /**
   * Subscribes a peer to another's producer; the consumer starts paused.
   * @throws {CanopyError} TRANSPORT_UNKNOWN, PRODUCER_UNKNOWN, CODEC_UNSUPPORTED - the client cannot receive it
   */
  async consume(
    roomId: string,
    peerId: string,
    options: { transportId: string; producerId: string },
  ): Promise<ConsumerResult> {
    const { transportId, producerId } = options;
    const { consumers, failed } = await this.consumeEach(roomId, peerId, {
      transportId,
      producerIds: [producerId],
    });
    const [consumer] = consumers;
    if (!consumer) {
      throw CanopyError.fromBody(failed[0]?.error ?? new CanopyError('PRODUCER_UNKNOWN'));
    }
    return consumer;
  }

  /**
   * Subscribes a peer to several producers. Each may fail separately, even by closing before all are done. A returned consumer that closes
   * later on its own is reported by `consumerclosed`.
   * @param options - `maxConsumers`: maximum number of consumers the peer may have afterwards; default: unlimited. `mid`: the MID of their
   * packets, for a client that has offered it; default: a new one for each
   * @throws {CanopyError} LIMIT_REACHED
   */
  async consumeEach(
    roomId: string,
    peerId: string,
    options: { transportId: string; producerIds: string[]; maxConsumers?: number; mid?: string },
  ): Promise<ConsumersResult> {
    const peer = this.#rooms.get(roomId).peer(peerId);
    if (peer) {
      return peer.consume(options);
    }
    const error = new CanopyError('TRANSPORT_UNKNOWN').toJSON();
    return { consumers: [], failed: options.producerIds.map((producerId) => ({ producerId, error })) };
  }

  /** @throws {CanopyError} CONSUMER_UNKNOWN */
  async pauseConsumer(roomId: string, peerId: string, consumerId: string): Promise<void> {
    await this.#peer(roomId, peerId, 'CONSUMER_UNKNOWN').pauseConsumer(consumerId);
  }

  /** @throws {CanopyError} CONSUMER_UNKNOWN */
  async resumeConsumer(roomId: string, peerId: string, consumerId: string): Promise<void> {
    await this.#peer(roomId, peerId, 'CONSUMER_UNKNOWN').resumeConsumer(consumerId);
  }

  /** Closes a consumer. Returns false if the peer has none with this ID. */
  closeConsumer(roomId: string, peerId: string, consumerId: string): boolean {
    return this.#rooms.find(roomId)?.peer(peerId)?.closeConsumer(consumerId) ?? false;
  }

  /** Sets the highest layers to forward of a simulcast or SVC consumer. @throws {CanopyError} CONSUMER_UNKNOWN, MEDIA_REJECTED */
  async setPreferredLayers(
    roomId: string,
    peerId: string,
    options: { consumerId: string; layers: Layers },
  ): Promise<void> {
    const peer = this.#peer(roomId, peerId, 'CONSUMER_UNKNOWN');
    await peer.setPreferredLayers(options.consumerId, options.layers);
  }

  /** @throws {CanopyError} CONSUMER_UNKNOWN */
  async requestKeyFrame(roomId: string, peerId: string, consumerId: string): Promise<void> {
    await this.#peer(roomId, peerId, 'CONSUMER_UNKNOWN').requestKeyFrame(consumerId);
  }

  /** Closes the peer's transports, and thus everything on them. Idempotent. */
  closePeer(roomId: string, peerId: string): void {
    this.#rooms.find(roomId)?.closePeer(peerId);
  }

  /**
   * Starts a test of a client's network paths, outside of any room, on the worker with the lowest load. It is the caller's to close, even
   * if the worker dies; the other calls then reject with TRANSPORT_UNKNOWN.
   * @throws {CanopyError} SERVER_BUSY - it could degrade calls
   */
  async openPathTest(): Promise<{ testId: string; routerRtpCapabilities: RtpCapabilities }> {
    const shareOf = ({ workerId }: MediaWorker) => this.#load.shareOf(workerId) ?? 0;
    const worker = this.#pool.leastLoaded(shareOf);
    if (!worker) {
      throw new CanopyError('WORKER_UNAVAILABLE');
    }
    const { cpuLimitShare, linkBps } = this.#limits;
    if (cpuLimitShare > 0 && shareOf(worker) >= cpuLimitShare) {
      throw new CanopyError('SERVER_BUSY', 'CPU: no connection tests now');
    }
    if (linkBps !== null && this.#allocations.egressBps >= linkBps * MAX_LINK_SHARE_FOR_TESTS) {
      throw new CanopyError('SERVER_BUSY', 'link: no connection tests now');
    }
    const { testId, test } = await this.#pathTests.open(worker);
    return { testId, routerRtpCapabilities: test.rtpCapabilities };
  }

  /** Opens the transport for one path of a test. @throws {CanopyError} TRANSPORT_EXISTS, MEDIA_REJECTED, CODEC_UNSUPPORTED, TRANSPORT_UNKNOWN */
  async openTestedPath(testId: string, path: MediaPath, rtpCapabilities: object): Promise<TestedPath> {
    return this.#pathTests.get(testId).open(path, rtpCapabilities);
  }

  /** @throws {CanopyError} TRANSPORT_UNKNOWN, TRANSPORT_CONNECTED, FINGERPRINT_INVALID */
  async connectTestedPath(
    testId: string,
    transportId: string,
    dtlsParameters: ClientDtlsParameters,
  ): Promise<void> {
    await this.#pathTests.get(testId).connect(transportId, dtlsParameters);
  }

  /** Sends test packets over a connected path. Resolves when they are sent. @throws {CanopyError} TRANSPORT_UNKNOWN */
  async sendTestLoad(testId: string, transportId: string, load: TestLoad): Promise<SentLoad> {
    return this.#pathTests.get(testId).send(transportId, load);
  }

  /** Whether the transport belongs to the test, and is open. */
  ownsTestedPath(testId: string, transportId: string): boolean {
    return this.#pathTests.has(testId, transportId);
  }

  /** Idempotent. */
  closePathTest(testId: string): void {
    this.#pathTests.close(testId);
  }

  /** The peer's open objects. */
  ownObjects(
    roomId: string,
    peerId: string,
  ): { transportIds: string[]; producerIds: string[]; consumerIds: string[] } {
    const peer = this.#rooms.find(roomId)?.peer(peerId);
    return {
      transportIds: peer?.transports.map(({ id }) => id) ?? [],
      producerIds: peer?.producerIds ?? [],
      consumerIds: peer?.consumerIds ?? [],
    };
  }

  /** Whether the peer has this object and it is open. */
  owns(roomId: string, peerId: string, kind: 'transport' | 'producer' | 'consumer', id: string): boolean {
    return this.#rooms.find(roomId)?.peer(peerId)?.owns(kind, id) ?? false;
  }

  gauges(): SfuGauges {
    const rooms = this.#rooms.all;
    const peers = rooms.flatMap((room) => [...room.peers]);
    const workers = this.#pool.live.length;
    return {
      workers,
      webRtcServers: workers,
      routers: rooms.reduce((sum, room) => sum + room.routerCount, 0),
      transports: peers.reduce((sum, peer) => sum + peer.transports.length, 0),
      pipeTransports: rooms.reduce((sum, room) => sum + room.pipeTransportCount, 0),
      producers: peers.reduce((sum, peer) => sum + peer.producerIds.length, 0),
      consumers: peers.reduce((sum, peer) => sum + peer.consumerIds.length, 0),
      levelTransports: rooms.length,
      levelTaps: rooms.reduce((sum, room) => sum + room.levelTapCount, 0),
      pathTests: this.#pathTests.size,
    };
  }

  /** The current load of the media plane. */
  load(): SfuLoad {
    const rooms = this.#rooms.all;
    const consumers = rooms.flatMap((room) => [...room.peers].flatMap((peer) => peer.consumers));
    const workers = this.#pool.live.map(({ workerId }) => ({
      workerId,
      cpuShare: this.#load.shareOf(workerId),
      stressLevel: this.#load.levelOf(workerId),
    }));
    const { linkBps } = this.#limits;
    return {
      workers,
      stealShare: this.#load.stealShare,
      egressBps: this.#allocations.egressBps,
      linkBps,
      heldConsumers: consumers.filter(({ held }) => held).length,
    };
  }

  /** The live workers. CPU time is current, or that of the last heartbeat if a worker does not answer. */
  async workers(): Promise<WorkerStatus[]> {
    return Promise.all(
      this.#pool.live.map(async (worker) => {
        const usage = await worker.currentUsage();
        const rooms = this.#rooms.all.filter((room) => room.uses(worker));
        return {
          workerId: worker.workerId,
          pid: worker.pid,
          rtcPort: worker.rtcPort,
          rooms: rooms.length,
          consumers: rooms.reduce((sum, room) => sum + room.consumerCountOn(worker), 0),
          ...usage,
        };
      }),
    );
  }

  /** Total traffic of all transports since the start, including closed ones. What a dead worker had not reported is lost. */
  async traffic(): Promise<TrafficTotals> {
    const transports = this.#rooms.all.flatMap((room) => [...room.peers].flatMap((peer) => peer.transports));
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, MEASURE_TIMEOUT_MS).unref());
    const measured = Promise.all([
      ...transports.map((transport) => transport.measure()),
      this.#meter.settled(),
    ]);
    await Promise.race([measured, timeout]);
    return this.#meter.totals;
  }

  /** Closes all rooms and ends the workers, without events. Idempotent; resolves when the processes are gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#allocations.close();
    this.#load.close();
    this.#pathTests.closeAll();
    this.#rooms.closeAll();
    await this.#pool.close();
  }

  #onWorkerDied(worker: MediaWorker, reason: string): void {
    const { workerId, pid } = worker;
    for (const roomId of this.#rooms.lose(worker)) {
      this.#emit('roomlost', { roomId, workerId, reason });
    }
    this.#emit('workerdied', { workerId, pid, reason });
  }

  /** The highest stress level of the workers of these rooms. */
  #stressOf(roomIds: readonly string[]): StressLevel {
    const levels = roomIds.map((roomId) => {
      const workers = this.#rooms.find(roomId)?.workers ?? [];
      return Math.max(0, ...workers.map(({ workerId }) => this.#load.levelOf(workerId)));
    });
    return Math.max(0, ...levels) as StressLevel;
  }

  /** @param unknown - the code if the peer has no objects */
  #peer(roomId: string, peerId: string, unknown: ErrorCode): Peer {
    const peer = this.#rooms.get(roomId).peer(peerId);
    if (!peer) {
      throw new CanopyError(unknown);
    }
    return peer;
  }

  /** A failing listener must not break the operation that emitted the event. */
  #emit<Name extends keyof SfuEvents>(name: Name, data: SfuEvents[Name][0]): void {
    if (this.#closing) {
      return;
    }
    try {
      (this as EventEmitter).emit(name, data);
    } catch (error) {
      this.#log.error({ err: error, event: name }, 'event listener of the media plane failed');
    }
  }
}
