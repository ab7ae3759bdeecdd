import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  type CapacityKind,
  printSummary,
  type Summary,
  startLocalServer,
  VoicePeer,
  withClose,
  writeFiguresReport,
} from '../bench/index.ts';
import { PHONE_SCENARIOS, type PhoneScenario, PhonesLoad } from '../sip-gateway/bench/index.ts';

export { PHONE_SCENARIOS };

/** Phones whose number is raised until the server no longer keeps up. */
export const CAPACITY_PHONES: CapacityKind = {
  name: 'phones',
  units: 'phones',
  people: 1,
  from: 5,
  packetBytes: 180,
  open: async (group) => {
    const server = await startServer((command) => group.wrap(command));
    try {
      const load = await PhonesLoad.open(server, (roomId) => VoicePeer.enter(server, roomId));
      return withClose(load, server.close);
    } catch (error) {
      await server.close();
      throw error;
    }
  },
};

/** Runs a benchmark of the phone gateway, with its own server if it needs one, and writes its report. */
export async function benchPhones(
  { name, description, durationSeconds, needsServer, measure }: PhoneScenario,
  options: { outDir: string; durationSeconds: number | undefined },
  write: (line: string) => void,
): Promise<Summary> {
  const seconds = options.durationSeconds ?? durationSeconds;
  write(`${name}: ${description}`);
  const startedAt = new Date();
  const server = needsServer ? await startServer() : undefined;
  try {
    const report = await measure({ seconds, server });
    const summary = await writeFiguresReport({ name, description, startedAt, ...report }, options.outDir);
    printSummary(summary, options.outDir, write);
    return summary;
  } finally {
    await server?.close();
  }
}

type Wrap = Parameters<typeof startLocalServer>[2];

async function startServer(wrap?: Wrap) {
  const sipPort = await freePort();
  const flags = ['--sip-port', `${sipPort}`, '--sip-tls-port', '0', '--workers', '1'];
  const server = await startLocalServer(flags, { CANOPY_SIP_HOST: '127.0.0.1' }, wrap);
  return { ...server, sipPort, close: async () => server.close?.() };
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
