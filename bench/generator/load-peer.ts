import { Device } from 'mediasoup-client';
import {
  ClipTrack,
  createHandlerFactory,
  DelayHistogram,
  type InboundCounters,
  type InboundStream,
  type LinkCounters,
  NO_PACKETS,
  type NodeHandlerOptions,
  ReceivedTrack,
} from '../../client/node/index.ts';
import {
  type Client,
  connect,
  enrol,
  type Identity,
  memoryStore,
  openMediaEncryption,
  parseInvitation,
  type RemoteTrack,
  type Room,
  type VideoCodec,
} from '../../client/sdk/index.ts';
import { type ClipName, loadClip } from '../clips/index.ts';
import { hasCleanPath, type LayoutName, layoutTiles, type Scenario } from '../scenarios/index.ts';
import { type DecodeResult, decode, StreamRecorder } from '../verify/index.ts';
import type { JoinTimes, PeerPlan, PeerReport } from './messages.ts';

const SPEECH: ClipName[] = ['speech-english', 'speech-german', 'speech-french', 'speech-hungarian'];

export interface LoadPeerOptions {
  serverUrl: string;
  scenario: Scenario;
  plan: PeerPlan;
  mapCandidate?: NodeHandlerOptions['mapCandidate'];
  /** Its identity. Default: a new one, from the plan's invitation. */
  identity?: Identity;
}

interface PeerClips {
  audio: ClipTrack;
  video: ClipTrack | undefined;
}

/** One load peer: joins a room through the SDK, sends clips, receives everyone, and measures it. */
export class LoadPeer {
  readonly plan: PeerPlan;
  readonly #options: LoadPeerOptions;
  readonly #identity: Identity;
  readonly #clips: PeerClips;
  readonly #links: LinkCounters[] = [];
  readonly #ended: InboundStream[] = [];
  readonly #tracks = new Map<RemoteTrack, InboundStream>();
  /** Participants on its screen; undefined: all. */
  #shown: ReadonlySet<string> | undefined;
  #speaker: string | undefined;
  #client: Client | undefined;
  #times: JoinTimes | undefined;
  #error: string | undefined;
  #baseline: { inbound: InboundCounters; link: LinkCounters } | undefined;
  #recorder: StreamRecorder | undefined;
  /** In encrypted rooms. */
  readonly #decryptedAtMs = new Map<InboundStream, number>();
  #startedMs = 0;
  /** Of earlier visits: how long the first media took, in milliseconds. */
  readonly #earlier: number[] = [];

  private constructor(options: LoadPeerOptions, identity: Identity, clips: PeerClips) {
    this.#options = options;
    this.#identity = identity;
    this.#clips = clips;
    this.plan = options.plan;
  }

  /** Creates its identity and loads its clips. */
  static async create(options: LoadPeerOptions): Promise<LoadPeer> {
    const { plan, scenario } = options;
    const identity = options.identity ?? (await newIdentity(options));
    const speech = SPEECH[plan.index % SPEECH.length] as ClipName;
    const startSeconds = plan.index * 1.7;
    const audio = new ClipTrack({ clips: [await loadClip(plan.talks ? speech : 'silence')], startSeconds });
    const names = scenario.video ? videoClips(scenario.video.codec, scenario.video.layers) : [];
    const [first, ...rest] = await Promise.all(names.map(loadClip));
    const video = first && new ClipTrack({ clips: [first, ...rest], startSeconds });
    return new LoadPeer(options, identity, { audio, video });
  }

  /** Joins the room and sends. Never rejects: a failure is part of the report. */
  async join(): Promise<string | undefined> {
    this.#startedMs = performance.now();
    try {
      await this.#join();
    } catch (error) {
      this.#error = error instanceof Error ? `${error.message}` : String(error);
    }
    return this.#error;
  }

  /** Starts the measurement. */
  startMeasuring(): void {
    this.#baseline = { inbound: this.#inbound(), link: this.#link() };
    if (!this.plan.decodes || !this.#options.scenario.video) {
      return;
    }
    const [stream] = this.#pictures().map(([, each]) => each);
    if (!stream) {
      return;
    }
    this.#recorder = new StreamRecorder(stream, this.#options.scenario.video.codec);
    stream.requestKeyFrame();
  }

  get counters(): { inbound: InboundCounters; link: LinkCounters; videoStreams: number } {
    const videoStreams = this.#pictures().filter(
      ([, stream]) => this.#mediaAtMs(stream) !== undefined,
    ).length;
    return { inbound: this.#inbound(), link: this.#link(), videoStreams };
  }

  /** One-way delays of what it received since the last call. */
  takeDelay(): ReturnType<DelayHistogram['toJSON']> {
    const delay = new DelayHistogram();
    for (const { oneWayDelay } of this.#tracks.values()) {
      delay.merge(oneWayDelay.toJSON());
      oneWayDelay.clear();
    }
    return delay.toJSON();
  }

  /** Ends the measurement and returns the results. The peer stays in the room, so that others can still measure it. */
  async finish(): Promise<PeerReport> {
    const decoded: DecodeResult[] = [];
    const recording = this.#recorder?.finish();
    const streams = [...this.#tracks.values()];
    const video = this.#pictures();
    const delay = new DelayHistogram();
    for (const stream of streams) {
      delay.merge(stream.oneWayDelay.toJSON());
    }
    const jitters = streams.map(({ jitterMs }) => jitterMs).sort((a, b) => a - b);
    const report: PeerReport = {
      index: this.plan.index,
      roomId: this.plan.roomId,
      firstPicturesAtMs: video.flatMap(([, stream]) => {
        const atMs = this.#mediaAtMs(stream);
        return atMs === undefined ? [] : performance.timeOrigin + atMs;
      }),
      join: this.#times && { ...this.#times, firstMediaMs: this.#firstMediaMs() },
      earlierFirstMediaMs: this.#earlier,
      error: this.#error ?? this.#undecrypted(),
      audioStreams: streams.filter(({ kind }) => kind === 'audio').length,
      videoStreams: video.length,
      silentVideoStreams: video.filter(([, { counters }]) => counters.packets === 0).length,
      pausedVideoStreams: video.filter(([{ allocation }]) => allocation?.layers === null).length,
      inboundBefore: this.#baseline?.inbound ?? NO_PACKETS,
      inbound: difference(this.#inbound(), this.#baseline?.inbound),
      link: difference(this.#link(), this.#baseline?.link),
      jitterP95Ms: jitters[Math.floor(jitters.length * 0.95)] ?? 0,
      delay: delay.toJSON(),
      decoded,
    };
    if (recording) {
      decoded.push(await decode(recording));
    }
    return report;
  }

  async leave(): Promise<void> {
    this.#earlier.push(this.#firstMediaMs());
    await this.#client?.close();
  }

  /** From the start of joining to the first media from anyone; for this visit only: it may have been there before. */
  #firstMediaMs(): number {
    const sinceStart = this.#streams()
      .flatMap((stream) => this.#mediaAtMs(stream) ?? [])
      .filter((atMs) => atMs >= this.#startedMs);
    return Math.min(...sinceStart) - this.#startedMs;
  }

  /** In encrypted rooms: says how many streams arrived and could not be decrypted. */
  #undecrypted(): string | undefined {
    const unread = [...this.#tracks.values()].filter(
      (stream) => stream.counters.packets > 0 && this.#mediaAtMs(stream) === undefined,
    );
    return unread.length > 0 ? `${unread.length} streams could not be decrypted` : undefined;
  }

  async #join(): Promise<void> {
    const { serverUrl, scenario, plan, mapCandidate } = this.#options;
    const handlerFactory = createHandlerFactory({
      ...(mapCandidate && { mapCandidate }),
      onTransport: (_direction, counters) => this.#links.push(counters),
      steadyArrivals: hasCleanPath(scenario),
    });
    const client = await connect({
      url: serverUrl,
      identity: this.#identity,
      createDevice: () => Device.factory({ handlerFactory }),
    });
    this.#client = client;
    const connectedMs = performance.now();
    // Tracks follow the join as events, some of them before it resolves.
    const encryption = scenario.encrypted ? await openMediaEncryption() : undefined;
    const joining = client.join(plan.roomId, { encryption });
    client.room?.on('track', (track) => this.#addTrack(track));
    client.room?.on('track-ended', (track) => this.#removeTrack(track));
    if (scenario.layout && client.room) {
      this.#show(scenario.layout, client.room);
    }
    const room = await joining;
    for (const track of room.tracks) {
      this.#addTrack(track);
    }
    const joinedMs = performance.now();
    await room.publish(this.#clips.audio);
    if (this.#clips.video && scenario.video) {
      await room.publish(this.#clips.video, {
        codec: scenario.video.codec,
        simulcast: scenario.video.layers === 'simulcast',
      });
    }
    this.#times = {
      startedAtMs: performance.timeOrigin + this.#startedMs,
      connectMs: connectedMs - this.#startedMs,
      joinMs: joinedMs - connectedMs,
      publishMs: performance.now() - joinedMs,
      firstMediaMs: Number.NaN,
    };
  }

  #addTrack(remote: RemoteTrack): void {
    const { track } = remote;
    if (!(track instanceof ReceivedTrack) || this.#tracks.has(remote)) {
      return;
    }
    this.#tracks.set(remote, track.stream);
    if (this.#options.scenario.encrypted) {
      const { stream } = track;
      // The first frame that it decrypts is enough: decrypting all would measure the generator.
      stream.onFrame = () => {
        stream.onFrame = undefined;
        this.#decryptedAtMs.set(stream, performance.now());
      };
    }
  }

  /** When the first packet of a stream arrived; in encrypted rooms, when its first frame had been decrypted. */
  #mediaAtMs(stream: InboundStream): number | undefined {
    return this.#options.scenario.encrypted ? this.#decryptedAtMs.get(stream) : stream.firstPacketAtMs;
  }

  #removeTrack(remote: RemoteTrack): void {
    const stream = this.#tracks.get(remote);
    if (stream) {
      this.#ended.push(stream);
    }
    this.#tracks.delete(remote);
  }

  /** Shows people in a layout, now and whenever someone joins, leaves or speaks. */
  #show(layout: LayoutName, room: Room): void {
    const update = () => {
      const others = [...room.participants.keys()].filter((id) => id !== room.participantId);
      const tiles = layoutTiles(layout, others, this.#speaker);
      this.#shown = new Set(tiles.map(({ participantId }) => participantId));
      room.setLayout({ tiles });
    };
    room.on('participant-joined', update);
    room.on('participant-left', update);
    room.on('speaker', (speaker) => {
      // The last speaker stays, and its own voice changes nothing.
      if (speaker === null || speaker === room.participantId) {
        return;
      }
      this.#speaker = speaker;
      update();
    });
    update();
  }

  /** The videos on its screen. */
  #pictures(): Array<[RemoteTrack, InboundStream]> {
    return [...this.#tracks].filter(
      ([{ kind, participantId }]) => kind === 'video' && (this.#shown?.has(participantId) ?? true),
    );
  }

  #streams(): InboundStream[] {
    return [...this.#tracks.values(), ...this.#ended];
  }

  #inbound(): InboundCounters {
    return sum(this.#streams().map(({ counters }) => counters)) ?? NO_PACKETS;
  }

  #link(): LinkCounters {
    return sum(this.#links) ?? { sentPackets: 0, sentBytes: 0, receivedPackets: 0, receivedBytes: 0 };
  }
}

async function newIdentity({ plan, serverUrl }: LoadPeerOptions): Promise<Identity> {
  const invitation = parseInvitation(plan.invitation);
  if (!invitation) {
    throw new TypeError(`not an invitation link: ${plan.invitation}`);
  }
  return enrol({
    ...invitation,
    serverUrl,
    displayName: `Load ${plan.index + 1}`,
    store: memoryStore(),
  });
}

/** Every clip that a scenario's peers send. */
export function clipsOf({ video }: Scenario): ClipName[] {
  return [...SPEECH, 'silence', ...(video ? videoClips(video.codec, video.layers) : [])];
}

function videoClips(codec: Exclude<VideoCodec, 'av1'>, layers: '180p' | 'simulcast'): ClipName[] {
  if (codec === 'vp9') {
    return ['vp9-svc'];
  }
  return layers === '180p' ? [`${codec}-180p`] : [`${codec}-180p`, `${codec}-360p`, `${codec}-720p`];
}

function sum<T extends object>(all: readonly T[]): T | undefined {
  const [first, ...rest] = all;
  if (!first) {
    return undefined;
  }
  const total = { ...first } as Record<string, number>;
  for (const other of rest) {
    for (const [name, value] of Object.entries(other)) {
      total[name] = (total[name] ?? 0) + value;
    }
  }
  return total as T;
}

function difference<T extends object>(now: T, before: T | undefined): T {
  const earlier = (before ?? {}) as Record<string, number>;
  return Object.fromEntries(
    Object.entries(now as Record<string, number>).map(([name, value]) => [
      name,
      value - (earlier[name] ?? 0),
    ]),
  ) as T;
}
