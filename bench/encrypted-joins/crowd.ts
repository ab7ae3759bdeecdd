import { Device } from 'mediasoup-client';
import { createHandlerFactory } from '../../client/node/index.ts';
import {
  type Client,
  connect,
  type EpochKeys,
  type Identity,
  openMediaEncryption,
} from '../../client/sdk/index.ts';
import { probeServer, type ServerUnderTest } from '../generator/index.ts';

/** How long anything may take, in milliseconds. */
const PATIENCE_MS = 120_000;
/** Over which time the people of a crowd come, in milliseconds. */
const RUSH_MS = 2000;

/** Times in milliseconds; CPU in seconds. */
export interface CrowdCosts {
  members: number;
  /** Until everyone had the keys of all, from when the first began to connect. */
  allInMs: number;
  /** How often the keys changed until then. */
  epochs: number;
  serverCpuSeconds: number;
  clientsCpuSeconds: number;
  /** The last one leaves and comes back: from when it began to connect until it had the keys. */
  returnsMs: number[];
  /** CPU of the server's Node process for each of them, leaving included. */
  serverCpuPerReturn: number;
}

/** Somebody in the room, without media. */
class Visitor {
  readonly #server: ServerUnderTest;
  readonly #roomId: string;
  readonly #identity: Identity;
  #client: Client | undefined;
  keys: EpochKeys | undefined;

  constructor(server: ServerUnderTest, roomId: string, identity: Identity) {
    this.#server = server;
    this.#roomId = roomId;
    this.#identity = identity;
  }

  async enter(): Promise<void> {
    this.keys = undefined;
    const handlerFactory = createHandlerFactory();
    const client = await connect({
      url: this.#server.url,
      identity: this.#identity,
      createDevice: () => Device.factory({ handlerFactory }),
    });
    this.#client = client;
    const encryption = await openMediaEncryption();
    const setEpoch = encryption.setEpoch.bind(encryption);
    encryption.setEpoch = (keys) => {
      this.keys = keys;
      setEpoch(keys);
    };
    await client.join(this.#roomId, { encryption, encryptionPolicy: 'required' });
  }

  async leave(): Promise<void> {
    await this.#client?.close();
  }
}

/** People who enter an encrypted room of a real server within two seconds, and the last of them who leaves and comes back. */
export async function crowdCosts(
  server: ServerUnderTest,
  identities: readonly Identity[],
  returns: number,
): Promise<CrowdCosts> {
  const roomId = `crowd-${identities.length}`;
  const visitors = identities.map((identity) => new Visitor(server, roomId, identity));
  const [before, cpu, startMs] = [await probeServer(server.url), process.cpuUsage(), performance.now()];
  try {
    await Promise.all(
      visitors.map(async (visitor, i) => {
        await sleep((i * RUSH_MS) / visitors.length);
        await visitor.enter();
      }),
    );
    await allHaveKeys(visitors, visitors.length);
    const allInMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpu);
    const [inside, epochs] = [await probeServer(server.url), Number(visitors[0]?.keys?.epoch ?? 0)];
    const returnsMs: number[] = [];
    const last = visitors.at(-1) as Visitor;
    for (let count = 0; count < returns; count += 1) {
      await last.leave();
      await allHaveKeys(visitors.slice(0, -1), visitors.length - 1);
      const enteredMs = performance.now();
      await last.enter();
      await until(() => last.keys?.members.size === visitors.length);
      returnsMs.push(performance.now() - enteredMs);
      await allHaveKeys(visitors, visitors.length);
    }
    const after = await probeServer(server.url);
    return {
      members: visitors.length,
      allInMs,
      epochs,
      serverCpuSeconds: inside.nodeCpuSeconds - before.nodeCpuSeconds,
      clientsCpuSeconds: (user + system) / 1e6,
      returnsMs,
      serverCpuPerReturn: (after.nodeCpuSeconds - inside.nodeCpuSeconds) / Math.max(1, returns),
    };
  } finally {
    await Promise.all(visitors.map((visitor) => visitor.leave()));
  }
}

/** Waits until all of these are in one epoch with so many members. */
function allHaveKeys(visitors: readonly Visitor[], members: number): Promise<void> {
  return until(() => {
    const epochs = new Set(visitors.map(({ keys }) => keys?.epoch));
    return epochs.size === 1 && visitors.every(({ keys }) => keys?.members.size === members);
  });
}

async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > endMs) {
      throw new Error('not everyone got the keys');
    }
    await sleep(5);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
