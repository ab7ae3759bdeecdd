/** Entry point of a media thread. It owns sockets, codecs and mixers, and handles requests of the main thread. */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { openNetwork } from '../../../base/udp/index.ts';
import { Codecs } from '../../codecs/index.ts';
import { Dtls } from '../dtls/index.ts';
import { addCounts, NO_FRAMES } from '../encryption/index.ts';
import { Leg } from '../leg.ts';
import { MediaLog } from '../media-log.ts';
import { loadPayloadTransform, RoomMixer } from '../mixer/index.ts';
import { StreamNumbers } from '../rtp/index.ts';
import { Srtp } from '../srtp/index.ts';
import type { FromThread, RequestName, Requests, ThreadOptions, ToThread } from './messages.ts';
import { Pacer } from './pacer.ts';
import { raisePriority } from './priority.ts';

interface LegEntry {
  leg: Leg;
  roomId: string | undefined;
  /** Stops the ticks of a leg outside a room. */
  stop: (() => void) | undefined;
}

interface RoomEntry {
  mixer: RoomMixer;
  stop: () => void;
}

/**
 * Packets leave this long after their tick was due, in milliseconds, if the network supports it. A tick that is late by less, because of
 * garbage collection or other work on the machine, then delays no packet. Adds to the delay of the call.
 */
const LEAD_MS = 10;

raisePriority();
const options = workerData as ThreadOptions;
const log = MediaLog.create((line) => post({ type: 'log', line }), options.logLevel).child({
  thread: threadId,
});
const codecs = await Codecs.load({ path: options.codecsPath, prefer: options.prefer });
const network = openNetwork({ path: options.udpPath, prefer: options.prefer });
const srtp = Srtp.load({ path: options.srtpPath, prefer: options.prefer });
const dtls = Dtls.load({ path: options.dtlsPath, prefer: options.prefer });
const pacer = new Pacer({
  before: () => network.receive(),
  after: (dueMs) => network.flush(dueMs + LEAD_MS),
});
const legs = new Map<string, LegEntry>();
const rooms = new Map<string, RoomEntry>();
/** Of the rooms that were closed. */
let encryption = NO_FRAMES;

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}

function legOf(legId: string): LegEntry {
  const entry = legs.get(legId);
  if (!entry) {
    throw new RangeError(`no leg ${legId}`);
  }
  return entry;
}

function roomOf(roomId: string): RoomEntry {
  const entry = rooms.get(roomId);
  if (!entry) {
    throw new RangeError(`no room ${roomId}`);
  }
  return entry;
}

/** Makes an error in one room or leg end only that one, not the whole thread (threat 51). */
function guarded(run: (nowMs: number) => void, fail: (fault: unknown) => void): (nowMs: number) => void {
  return (nowMs) => {
    try {
      run(nowMs);
    } catch (fault) {
      fail(fault);
    }
  };
}

/** Runs cleanup and ignores errors: a faulty object may also throw when it is closed. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    log.warn({ err: error }, 'cleanup failed');
  }
}

/** Never throws. */
function failLeg(legId: string, fault: unknown): void {
  const message = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
  log.error({ legId, err: fault }, 'leg closed because of an error');
  post({ type: 'event', legId, event: { type: 'failed', message } });
  const leg = forget(legId);
  attempt(() => leg?.close());
}

function failMember(leg: unknown, fault: unknown): void {
  for (const [legId, entry] of legs) {
    if (entry.leg === leg) {
      failLeg(legId, fault);
    }
  }
}

/** Never throws. */
function failRoom(roomId: string, fault: unknown): void {
  log.error({ roomId, err: fault }, 'room closed because of an error');
  for (const [legId, entry] of legs) {
    if (entry.roomId === roomId) {
      failLeg(legId, fault);
    }
  }
  attempt(() => handlers['room.close']({ roomId }));
}

/** Runs a leg outside a room: it plays prompts and reads keys. */
function runAlone(legId: string, entry: LegEntry): void {
  const run = (nowMs: number) => {
    entry.leg.read(nowMs);
    entry.leg.write(null, nowMs);
  };
  entry.stop ??= pacer.add(guarded(run, (fault) => failLeg(legId, fault)));
}

function leave(entry: LegEntry): void {
  const { roomId, leg } = entry;
  entry.roomId = undefined;
  if (roomId !== undefined) {
    rooms.get(roomId)?.mixer.remove(leg);
  }
}

/** Removes a leg from everything. Never throws. */
function forget(legId: string): Leg | undefined {
  const entry = legs.get(legId);
  if (!entry) {
    return undefined;
  }
  legs.delete(legId);
  entry.stop?.();
  attempt(() => leave(entry));
  return entry.leg;
}

type Handlers = {
  [K in RequestName]: (args: Requests[K]['args']) => Requests[K]['result'] | Promise<Requests[K]['result']>;
};

const handlers: Handlers = {
  'leg.open': async ({ legId, ip, ports, numbers }) => {
    if (legs.has(legId)) {
      throw new RangeError(`leg ${legId} is open`);
    }
    const leg = await Leg.open({
      codecs,
      network,
      srtp,
      dtls,
      ip,
      ports,
      numbers: new StreamNumbers(numbers),
      holdMusic: options.holdMusic,
      emit: (event) => post({ type: 'event', legId, event }),
      log: log.child({ legId }),
    });
    legs.set(legId, { leg, roomId: undefined, stop: undefined });
    return { port: leg.port };
  },
  'leg.start': async ({ legId, media, source }) => {
    const entry = legOf(legId);
    await entry.leg.start(media, source);
    if (entry.roomId === undefined && legs.get(legId) === entry) {
      runAlone(legId, entry);
    }
    return null;
  },
  'leg.join': ({ legId, roomId, ssrc, numbers, forwarding }) => {
    const entry = legOf(legId);
    const { mixer } = roomOf(roomId);
    if (entry.roomId !== roomId) {
      leave(entry);
    }
    entry.stop?.();
    entry.stop = undefined;
    entry.roomId = roomId;
    mixer.add(entry.leg, ssrc, new StreamNumbers(numbers), forwarding);
    return null;
  },
  'leg.leave': ({ legId }) => {
    const entry = legOf(legId);
    leave(entry);
    runAlone(legId, entry);
    return null;
  },
  'leg.mute': ({ legId, ...directions }) => {
    legOf(legId).leg.mute(directions);
    return null;
  },
  'leg.wait': ({ legId, on }) => {
    legOf(legId).leg.wait(on);
    return null;
  },
  'leg.record': ({ legId, maxMs }) => {
    legOf(legId).leg.record(maxMs);
    return null;
  },
  'leg.play': ({ legId, prompt }) => {
    legOf(legId).leg.play(prompt);
    return null;
  },
  'leg.stop': ({ legId, promptId }) => {
    legOf(legId).leg.stopPrompt(promptId);
    return null;
  },
  'leg.press': ({ legId, keys }) => legOf(legId).leg.press(keys),
  'leg.stats': ({ legId }) => legOf(legId).leg.stats(performance.now()),
  'leg.release': ({ legId }) => {
    forget(legId)?.release();
    return null;
  },
  'leg.close': ({ legId }) => {
    const leg = forget(legId);
    try {
      return leg?.stats(performance.now()) ?? null;
    } finally {
      leg?.close();
    }
  },
  'room.open': async ({ roomId, ip, port }) => {
    if (rooms.has(roomId)) {
      throw new RangeError(`room ${roomId} is open`);
    }
    const mixer = await RoomMixer.open({
      codecs,
      network,
      ip,
      port,
      onLegFault: failMember,
      log: log.child({ roomId }),
    });
    const run = guarded(
      (nowMs) => mixer.tick(nowMs),
      (fault) => failRoom(roomId, fault),
    );
    rooms.set(roomId, { mixer, stop: pacer.add(run) });
    return { port: mixer.port };
  },
  'room.connect': async ({ roomId, connection }) => {
    const { mixer } = roomOf(roomId);
    // Check the settings now rather than with the first phone.
    (await codecs.createOpus({ sampleRate: 8_000, ...connection.opus })).close();
    const transform = connection.transform && (await loadPayloadTransform(connection.transform));
    mixer.connect(connection, transform);
    return null;
  },
  'room.keys': ({ roomId, epochs }) => {
    roomOf(roomId).mixer.setEpochs(epochs, performance.now());
    return null;
  },
  'room.sources': ({ roomId, sources }) => {
    roomOf(roomId).mixer.setSources(sources);
    return null;
  },
  'room.announce': ({ roomId, sounds }) => {
    roomOf(roomId).mixer.announce(...sounds);
    return null;
  },
  'room.stats': ({ roomId }) => roomOf(roomId).mixer.stats(),
  'room.close': ({ roomId }) => {
    const entry = rooms.get(roomId);
    if (!entry) {
      return null;
    }
    rooms.delete(roomId);
    encryption = addCounts(encryption, entry.mixer.stats().encryption);
    entry.stop();
    for (const [legId, leg] of legs) {
      if (leg.roomId !== roomId) {
        continue;
      }
      leg.roomId = undefined;
      attempt(() => entry.mixer.remove(leg.leg));
      runAlone(legId, leg);
    }
    entry.mixer.close();
    return null;
  },
  'thread.stats': () => {
    const { user, system } = process.threadCpuUsage();
    const stats = network.stats();
    const cpuSeconds = (user + system) / 1e6 + stats.cpuSeconds;
    const open = [...rooms.values()].map(({ mixer }) => mixer.stats().encryption);
    return {
      legs: legs.size,
      rooms: rooms.size,
      pacing: pacer.stats(),
      network: stats,
      encryption: open.reduce(addCounts, encryption),
      cpuSeconds,
    };
  },
};

async function answer({ id, name, args }: ToThread): Promise<void> {
  try {
    const handler = handlers[name] as (args: unknown) => unknown;
    post({ type: 'answer', id, result: await handler(args) });
  } catch (error) {
    post({ type: 'failure', id, message: error instanceof Error ? error.message : String(error) });
  } finally {
    // Send packets that belong to no tick (RTCP BYEs), but not before earlier packets.
    network.flush(performance.now() + LEAD_MS);
  }
}

parentPort?.on('message', (message: ToThread) => void answer(message));
post({ type: 'ready', capabilities: codecs.capabilities });
// Only now: the first message must be 'ready'.
if (network.capabilities.reason !== undefined) {
  log.info({ reason: network.capabilities.reason }, 'UDP add-on not available; using Node’s sockets');
}
