import { signal } from '@preact/signals';
import type { MediaPath, MediaSource, Participant, RemoteTrack, Room } from '../../../sdk/index.ts';
import { between, type Counters, judgeLink, type LinkSample, type Verdict } from '../media/link-quality.ts';

/** A stream that is sent or received. */
export interface StreamDetails {
  source: MediaSource;
  codec: string | undefined;
  bitrateBps: number;
  lossShare: number;
  jitterMs: number;
  /** Video: size in pixels, and frames per second. */
  size?: { width: number; height: number };
  framesPerSecond?: number | undefined;
  /** Layers received of those that the server permits, each as spatial/temporal. */
  layers?: string | undefined;
  reason?: NonNullable<RemoteTrack['allocation']>['reason'] | undefined;
}

export interface PersonQuality {
  verdict: Verdict;
  streams: StreamDetails[];
  roundTripMs: number | undefined;
  /** The path between this client and the server. */
  path: MediaPath | undefined;
}

/** The interval of measurements, in milliseconds; browsers take some milliseconds for each. */
const INTERVAL_MS = 2000;
/** A camera needs this much, in bits per second; below it, others get a worse picture than they might. */
const UPLINK_BPS = { fair: 600_000, poor: 200_000 };

type Stats = Record<string, unknown> & { id: string; type: string };

/** How well everyone's media gets through, measured every two seconds while the page is visible. */
export class CallQuality {
  /** By participant id, this user included. People who neither send nor lost their connection are absent. */
  readonly people = signal<ReadonlyMap<string, PersonQuality>>(new Map());
  readonly #room: Room;
  readonly #counters = new Map<string, Counters>();
  /** What the last measurement said: a verdict counts once it is repeated, so that one lost packet makes no sign flicker. */
  readonly #last = new Map<string, Verdict>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(room: Room) {
    this.#room = room;
    this.#timer = setInterval(() => {
      if (!document.hidden) {
        void this.#measure();
      }
    }, INTERVAL_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #measure(): Promise<void> {
    const room = this.#room;
    let reports: Array<RTCStatsReport | undefined>;
    try {
      reports = await Promise.all([room.getStats('recv'), room.getStats('send')]);
    } catch {
      // The transport was closed meanwhile.
      return;
    }
    const [received = [], sent = []] = reports.map((report) => [...(report?.values() ?? [])] as Stats[]);
    const people = new Map<string, PersonQuality>();
    for (const participant of room.participants.values()) {
      const { participantId } = participant;
      const isSelf = participantId === room.participantId;
      const found = isSelf ? this.#own(sent) : this.#remote(participant, received);
      if (found) {
        people.set(participantId, { ...found, verdict: this.#steady(participantId, found.verdict) });
      }
    }
    this.people.value = people;
  }

  #remote(participant: Participant, stats: readonly Stats[]): PersonQuality | undefined {
    const { participantId, connected, mediaConnected = true } = participant;
    const tracks = this.#room.tracks.filter((track) => track.participantId === participantId);
    const reaches = this.#room.media.recv.state !== 'failed';
    if (tracks.length === 0 && connected && mediaConnected && reaches) {
      return undefined;
    }
    const streams = tracks.flatMap((track) => {
      const inbound = stats.find(
        (each) => each.type === 'inbound-rtp' && each.trackIdentifier === track.track.id,
      );
      return inbound ? [this.#inbound(track, inbound, stats)] : [];
    });
    const camera = tracks.find(({ source, muted }) => source === 'camera' && !muted);
    const route = routeOf(stats);
    const verdict = judgeLink({
      connected: connected && mediaConnected && reaches,
      ...worst(streams),
      roundTripMs: route.roundTripMs,
      limit: limitOf(camera),
      withoutVideo: camera?.allocation?.layers === null,
    });
    return { verdict, streams, ...route };
  }

  #inbound(track: RemoteTrack, inbound: Stats, stats: readonly Stats[]): StreamDetails {
    const rates = this.#since(inbound.id, {
      atMs: number(inbound.timestamp),
      packets: number(inbound.packetsReceived),
      lostPackets: number(inbound.packetsLost),
      bytes: number(inbound.bytesReceived),
    });
    const { allocation, layers } = track;
    return {
      source: track.source,
      codec: codecOf(inbound, stats),
      ...rates,
      jitterMs: number(inbound.jitter) * 1000,
      ...pictureOf(inbound),
      ...(track.kind === 'video' && {
        layers: allocation ? `${text(layers)} / ${text(allocation.layers)}` : text(layers),
        reason: allocation?.reason,
      }),
    };
  }

  #own(stats: readonly Stats[]): PersonQuality | undefined {
    const { media, publications } = this.#room;
    const failed = media.send.state === 'failed';
    if (publications.length === 0 && !failed) {
      return undefined;
    }
    const outbound = stats.filter((each) => each.type === 'outbound-rtp' && number(each.packetsSent) > 0);
    const streams = publications.flatMap(({ track, source }) => {
      // Several encodings of a video are one stream to the user.
      const encodings = outbound.filter(
        ({ mediaSourceId }) => stats.find(({ id }) => id === mediaSourceId)?.trackIdentifier === track.id,
      );
      return encodings.length > 0 ? [this.#outbound(source, encodings, stats)] : [];
    });
    const route = routeOf(stats);
    const cpu = outbound.some(({ qualityLimitationReason }) => qualityLimitationReason === 'cpu');
    const camera = publications.some(({ source }) => source === 'camera');
    const narrow = camera && route.availableBps !== undefined && route.availableBps < UPLINK_BPS.fair;
    const { availableBps = 0, ...shown } = route;
    const verdict = judgeLink({
      connected: !failed,
      ...worst(streams),
      roundTripMs: route.roundTripMs,
      limit: narrow ? 'bandwidth' : cpu ? 'cpu' : undefined,
      withoutVideo: narrow && availableBps < UPLINK_BPS.poor,
    });
    return { verdict, streams, ...shown };
  }

  #outbound(source: MediaSource, encodings: readonly Stats[], stats: readonly Stats[]): StreamDetails {
    const parts = encodings.map((encoding) => {
      const remote = stats.find(
        ({ type, localId }) => type === 'remote-inbound-rtp' && localId === encoding.id,
      );
      const rates = this.#since(encoding.id, {
        atMs: number(encoding.timestamp),
        packets: number(encoding.packetsSent),
        lostPackets: number(remote?.packetsLost),
        bytes: number(encoding.bytesSent),
      });
      return { ...rates, jitterMs: number(remote?.jitter) * 1000, encoding };
    });
    const largest = parts.reduce((best, each) =>
      number(each.encoding.frameHeight) * Number(each.bitrateBps > 0) >
      number(best.encoding.frameHeight) * Number(best.bitrateBps > 0)
        ? each
        : best,
    );
    return {
      source,
      codec: codecOf(largest.encoding, stats),
      bitrateBps: parts.reduce((sum, { bitrateBps }) => sum + bitrateBps, 0),
      lossShare: Math.max(...parts.map(({ lossShare }) => lossShare)),
      jitterMs: Math.max(...parts.map(({ jitterMs }) => jitterMs)),
      ...pictureOf(largest.encoding),
    };
  }

  #since(id: string, now: Counters): { bitrateBps: number; lossShare: number } {
    const rates = between(this.#counters.get(id), now);
    this.#counters.set(id, now);
    return { bitrateBps: rates?.bitrateBps ?? 0, lossShare: rates?.lossShare ?? 0 };
  }

  #steady(participantId: string, verdict: Verdict): Verdict {
    const last = this.#last.get(participantId);
    this.#last.set(participantId, verdict);
    const shown = this.people.value.get(participantId)?.verdict;
    const repeated = last?.quality === verdict.quality;
    return repeated || verdict.quality === 'none' || !shown ? verdict : shown;
  }
}

function worst(streams: readonly StreamDetails[]): Pick<LinkSample, 'lossShare' | 'jitterMs'> {
  return {
    lossShare: Math.max(0, ...streams.map(({ lossShare }) => lossShare)),
    jitterMs: Math.max(0, ...streams.map(({ jitterMs }) => jitterMs)),
  };
}

/** What keeps the server from sending more of a camera, if that is worth a sign. */
function limitOf(camera: RemoteTrack | undefined): LinkSample['limit'] {
  switch (camera?.allocation?.reason) {
    case 'estimate':
      return 'bandwidth';
    case 'sender':
      return 'sender';
    case 'link':
    case 'stress':
      return 'server';
    default:
      return undefined;
  }
}

function routeOf(stats: readonly Stats[]): {
  roundTripMs: number | undefined;
  path: MediaPath | undefined;
  availableBps?: number | undefined;
} {
  const selected = stats.find(({ type }) => type === 'transport')?.selectedCandidatePairId;
  const pair = stats.find(
    ({ id, type, nominated, state }) =>
      type === 'candidate-pair' && (selected ? id === selected : nominated === true && state === 'succeeded'),
  );
  const local = stats.find(({ id }) => id === pair?.localCandidateId);
  const seconds = pair?.currentRoundTripTime;
  const available = pair?.availableOutgoingBitrate;
  return {
    roundTripMs: typeof seconds === 'number' ? seconds * 1000 : undefined,
    path: local && (local.candidateType === 'relay' ? 'relay' : local.protocol === 'tcp' ? 'tcp' : 'udp'),
    ...(typeof available === 'number' && { availableBps: available }),
  };
}

function codecOf({ codecId }: Stats, stats: readonly Stats[]): string | undefined {
  const mimeType = stats.find(({ id }) => id === codecId)?.mimeType;
  return typeof mimeType === 'string' ? mimeType.split('/')[1] : undefined;
}

function pictureOf({
  frameWidth,
  frameHeight,
  framesPerSecond,
}: Stats): Pick<StreamDetails, 'size' | 'framesPerSecond'> {
  if (!frameWidth) {
    return {};
  }
  return {
    size: { width: number(frameWidth), height: number(frameHeight) },
    framesPerSecond: number(framesPerSecond),
  };
}

function text(layers: RemoteTrack['layers']): string {
  return layers ? `${layers.spatialLayer}:${layers.temporalLayer ?? '–'}` : '–';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
