/** Runs people of any system in a separate process, which the benchmark starts with an IPC channel. Handles one message at a time. */
import { ClipTrack, DelayHistogram, type InboundStream, stampAgeMs } from '../../../client/node/index.ts';
import { loadClip } from '../../clips/index.ts';
import { stretchClip } from '../../forwarding/index.ts';
import type { LoadClient } from '../load-client.ts';
import { createClient } from './create-client.ts';
import { DelayedPath } from './delayed-path.ts';
import {
  DELAY_BUCKET_MS,
  type FromLoadProcess,
  type LoadCounts,
  type Person,
  type ToLoadProcess,
} from './messages.ts';

interface Present {
  client: LoadClient;
  tracks: ClipTrack[];
  streams: InboundStream[];
  beganMs: number;
}

const people = new Map<string, Present>();
let delays = new DelayHistogram(DELAY_BUCKET_MS);
let path: DelayedPath | undefined;
let handled: Promise<unknown> = Promise.resolve();

process.on('message', (message: ToLoadProcess) => {
  handled = handled
    .then(() => handle(message))
    .then(tell, (error: unknown) =>
      tell({ type: 'done', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
});
process.on('disconnect', () => process.exit(1));

async function handle(message: ToLoadProcess): Promise<FromLoadProcess> {
  switch (message.type) {
    case 'prepare':
      path = message.delayMs > 0 ? await DelayedPath.open(message.access, message.delayMs) : undefined;
      for (const person of message.people) {
        people.set(person.name, await prepare(person, message));
      }
      break;
    case 'enter': {
      const present = theOne(message.name);
      present.beganMs = performance.now();
      await present.client.enter();
      break;
    }
    case 'watch':
      await theOne(message.name).client.watch();
      break;
    case 'read':
      return { type: 'counts', counts: read() };
    case 'leave':
      await theOne(message.name).client.leave();
      people.delete(message.name);
  }
  return { type: 'done' };
}

async function prepare(
  { name, room, clips, watches }: Person,
  { variant, access }: Extract<ToLoadProcess, { type: 'prepare' }>,
): Promise<Present> {
  const tracks: ClipTrack[] = [];
  for (const { clip, kbps } of clips) {
    const loaded = await loadClip(clip);
    // Everyone is somewhere else in the clip.
    const startSeconds = people.size * 1.7;
    tracks.push(new ClipTrack({ clips: [kbps ? stretchClip(loaded, kbps) : loaded], startSeconds }));
  }
  const streams: InboundStream[] = [];
  const client = await createClient({
    variant,
    access: path ? { ...access, url: path.url } : access,
    room,
    name,
    tracks,
    watches,
    onStream: (stream) => {
      streams.push(stream);
      stream.tap = ({ payload, repaired }) => {
        if (!repaired) {
          delays.add(stampAgeMs(payload));
        }
      };
    },
    ...(path && { mapCandidate: path.mapCandidate }),
  });
  return { client, tracks, streams, beganMs: 0 };
}

function read(): LoadCounts {
  const streams = [...people.values()].flatMap((person) => person.streams);
  const sum = (pick: (stream: InboundStream) => number) =>
    streams.reduce((total, stream) => total + pick(stream), 0);
  const sent = [...people.values()].flatMap((person) => person.tracks.flatMap((track) => track.streams));
  const { user, system } = process.cpuUsage();
  const delay = delays.toJSON();
  delays = new DelayHistogram(DELAY_BUCKET_MS);
  return {
    cpuSeconds: (user + system) / 1e6,
    sentPackets: sent.reduce((total, { counters }) => total + counters.packets, 0),
    packets: sum(({ counters }) => counters.packets),
    bytes: sum(({ counters }) => counters.bytes),
    lostPackets: sum(({ counters }) => counters.lostPackets),
    repairedPackets: sum(({ counters }) => counters.repairedPackets),
    duplicatePackets: sum(({ counters }) => counters.duplicatePackets),
    flowing: streams.filter(({ counters }) => counters.packets > 0).length,
    streams: streams.length,
    delay,
    firstPacketMs: Object.fromEntries(
      [...people].flatMap(([name, { streams: own, beganMs }]) => {
        const first = Math.min(...own.flatMap(({ firstPacketAtMs }) => firstPacketAtMs ?? []));
        return Number.isFinite(first) ? [[name, first - beganMs]] : [];
      }),
    ),
    srtpProfiles: path?.srtpProfiles ?? [],
  };
}

function theOne(name: string): Present {
  const present = people.get(name);
  if (!present) {
    throw new TypeError(`nobody is called ${name}`);
  }
  return present;
}

function tell(message: FromLoadProcess): void {
  process.send?.(message);
}
