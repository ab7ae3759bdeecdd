import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { printSummary, type Summary, startLocalServer, writeFiguresReport } from '../bench/index.ts';
import { PHONE_SCENARIOS, type PhoneScenario } from '../sip-gateway/bench/index.ts';

export { PHONE_SCENARIOS };

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

async function startServer() {
  const sipPort = await freePort();
  const flags = ['--sip-port', `${sipPort}`, '--sip-tls-port', '0', '--workers', '1'];
  const server = await startLocalServer(flags, { CANOPY_SIP_HOST: '127.0.0.1' });
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
