import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { processCpuSeconds } from './process-cpu.ts';

type Bencoded = string | number | Bencoded[] | { [key: string]: Bencoded };

const LOOPBACK = '127.0.0.1';
const ANSWER_TIMEOUT_MS = 3_000;
const START_ATTEMPTS = 10;
const RTP_PORTS = { min: 44_000, max: 47_999 };

/** Version of rtpengine; undefined if it is not installed. */
export function rtpengineVersion(): string | undefined {
  const { status, stdout, stderr } = spawnSync('rtpengine', ['--version'], { encoding: 'utf8' });
  return status === 0 ? (`${stdout}${stderr}`.match(/[\d.]+\S*/)?.[0] ?? 'unknown') : undefined;
}

/** rtpengine in userspace, transcoding between PCMU and Opus; controlled by its ng protocol. */
export class Rtpengine {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #controlPort: number;
  readonly #pending = new Map<string, (answer: Record<string, Bencoded>) => void>();
  readonly #calls: string[] = [];
  #lastCookie = 0;
  #lastCall = 0;

  private constructor(child: ChildProcess, socket: Socket, controlPort: number) {
    this.#child = child;
    this.#socket = socket;
    this.#controlPort = controlPort;
    socket.on('message', (message) => {
      const space = message.indexOf(' ');
      const cookie = message.toString('latin1', 0, space);
      this.#pending.get(cookie)?.(decode(message.subarray(space + 1)) as Record<string, Bencoded>);
      this.#pending.delete(cookie);
    });
  }

  static async start(threads: number): Promise<Rtpengine> {
    const socket = createSocket('udp4');
    socket.bind(0, LOOPBACK);
    await once(socket, 'listening');
    const probe = createSocket('udp4');
    probe.bind(0, LOOPBACK);
    await once(probe, 'listening');
    const controlPort = probe.address().port;
    probe.close();
    await once(probe, 'close');
    const child = spawn(
      'rtpengine',
      [
        ...['--foreground', '--config-file=none', '--table=-1', `--interface=lo/${LOOPBACK}`],
        ...[
          `--listen-ng=${LOOPBACK}:${controlPort}`,
          `--num-threads=${threads}`,
          '--log-stderr',
          '--log-level=3',
        ],
        ...[
          '--timeout=600',
          '--delete-delay=0',
          `--port-min=${RTP_PORTS.min}`,
          `--port-max=${RTP_PORTS.max}`,
        ],
      ],
      { stdio: 'ignore' },
    );
    const engine = new Rtpengine(child, socket, controlPort);
    try {
      await engine.#ready();
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** CPU time of the whole process. */
  get cpuSeconds(): number {
    return processCpuSeconds(this.#child.pid as number);
  }

  /** Sets up a call between a PCMU phone and an Opus peer; resolves with the ports that these send to. `opus`: in rtpengine's notation. */
  async open(phonePort: number, opusPort: number, opus: string): Promise<{ phone: number; peer: number }> {
    const id = `bench-${process.pid}-${++this.#lastCall}`;
    const about = {
      'call-id': id,
      'from-tag': 'a',
      replace: ['origin'],
      ICE: 'remove',
      'transport-protocol': 'RTP/AVP',
    };
    const offer = await this.#command({
      ...about,
      command: 'offer',
      sdp: sdp(phonePort, 0, 'PCMU/8000'),
      codec: { mask: ['all'], transcode: [opus] },
    });
    this.#calls.push(id);
    const [, payloadType, name] = /a=rtpmap:(\d+) (opus\/\S+)/.exec(offer) ?? [];
    const answer = await this.#command({
      ...about,
      'to-tag': 'b',
      command: 'answer',
      sdp: sdp(opusPort, Number(payloadType), name ?? 'opus/48000/2'),
    });
    return { phone: portIn(answer), peer: portIn(offer) };
  }

  /** Ends the calls, but not the process. */
  async end(): Promise<void> {
    for (const id of this.#calls.splice(0)) {
      await this.#ask({ command: 'delete', 'call-id': id, 'from-tag': 'a' }, ANSWER_TIMEOUT_MS);
    }
  }

  /** Ends the process and its calls. Idempotent. */
  async close(): Promise<void> {
    const ended = this.#child.exitCode === null && this.#child.pid ? once(this.#child, 'exit') : undefined;
    this.#child.kill('SIGTERM');
    await ended;
    this.#socket.close();
  }

  async #ready(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#ask({ command: 'ping' }, 300);
        return;
      } catch (error) {
        if (attempt === START_ATTEMPTS) {
          throw error;
        }
        await sleep(100);
      }
    }
  }

  async #command(command: Record<string, Bencoded>): Promise<string> {
    const answer = await this.#ask(command, ANSWER_TIMEOUT_MS);
    if (answer.result === 'error' || typeof answer.sdp !== 'string') {
      throw new Error(`rtpengine: ${String(answer['error-reason'] ?? 'no answer')}`);
    }
    return answer.sdp;
  }

  #ask(command: Record<string, Bencoded>, timeoutMs: number): Promise<Record<string, Bencoded>> {
    const cookie = `c${++this.#lastCookie}`;
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, Bencoded>>();
    const timer = setTimeout(() => reject(new Error('rtpengine does not answer')), timeoutMs);
    this.#pending.set(cookie, resolve);
    this.#socket.send(`${cookie} ${encode(command)}`, this.#controlPort, LOOPBACK);
    return promise.finally(() => clearTimeout(timer));
  }
}

function sdp(port: number, payloadType: number, codec: string): string {
  return [
    ...['v=0', `o=- 1 1 IN IP4 ${LOOPBACK}`, 's=-', `c=IN IP4 ${LOOPBACK}`, 't=0 0'],
    ...[
      `m=audio ${port} RTP/AVP ${payloadType}`,
      `a=rtpmap:${payloadType} ${codec}`,
      'a=ptime:20',
      'a=sendrecv',
      '',
    ],
  ].join('\r\n');
}

function portIn(description: string): number {
  return Number(/m=audio (\d+)/.exec(description)?.[1]);
}

function encode(value: Bencoded): string {
  if (typeof value === 'string') {
    return `${Buffer.byteLength(value)}:${value}`;
  }
  if (typeof value === 'number') {
    return `i${value}e`;
  }
  if (Array.isArray(value)) {
    return `l${value.map(encode).join('')}e`;
  }
  const keys = Object.keys(value).sort();
  return `d${keys.map((key) => encode(key) + encode(value[key] as Bencoded)).join('')}e`;
}

function decode(bytes: Buffer): Bencoded {
  let at = 0;
  const next = (): Bencoded => {
    const kind = String.fromCharCode(bytes[at] ?? 0);
    if (kind === 'i') {
      const end = bytes.indexOf('e', at);
      const value = Number(bytes.toString('latin1', at + 1, end));
      at = end + 1;
      return value;
    }
    if (kind === 'l' || kind === 'd') {
      at++;
      const items: Bencoded[] = [];
      while (at < bytes.length && bytes[at] !== 0x65) {
        items.push(next());
      }
      at++;
      if (kind === 'l') {
        return items;
      }
      return Object.fromEntries(
        items.flatMap((key, i) => (i % 2 === 0 ? [[key as string, items[i + 1] as Bencoded]] : [])),
      );
    }
    const colon = bytes.indexOf(':', at);
    const length = Number(bytes.toString('latin1', at, colon));
    at = colon + 1 + length;
    return bytes.toString('utf8', colon + 1, at);
  };
  return next();
}
