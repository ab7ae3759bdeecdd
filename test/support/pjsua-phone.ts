import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pjsuaFolder } from '../../deploy/setup/index.mjs';
import { type HeardTone, isTone } from './heard-tone.ts';
import { hearInRecording, readRecording } from './recording.ts';

const PROGRAM = fileURLToPath(new URL('pjsua.py', import.meta.url));
const EVENT_MS = 10_000;

/** Why PJSIP is unavailable here, as the reason for a skipped test; false if it is available. */
export const noPjsua: string | false = existsSync(pjsuaFolder())
  ? false
  : 'PJSIP is not installed: PyPI has no pjsua2-python for this Python';

/** An address that PJSIP offers as an ICE candidate: it leaves loopback addresses out. */
export const pjsuaIceAddress = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

/** Why PJSIP cannot use ICE here, as the reason for a skipped test; false if it can. */
export const noPjsuaIce: string | false =
  pjsuaIceAddress === undefined && 'this machine has loopback addresses only';

export interface PjsuaOptions {
  username: string;
  password: string;
  /** `HOST:PORT` of the server. */
  server: string;
  transport?: 'udp' | 'tcp' | 'tls';
  /** Its own setting for SRTP. Default: off. */
  srtp?: 'optional' | 'mandatory';
  /** Uses ICE, and one port for RTP and RTCP. Default false. */
  ice?: boolean;
  /** Its own address, which it binds and announces. */
  address: string;
  /** Its SIP port. Default: a free one. */
  port?: number;
  toneHz: number;
  /** The tone pauses for 20 ms in each second: as long as it lasts, Speex does not recover from a lost packet. Default false. */
  pauses?: boolean;
  /** In PJSIP's notation, e.g. `PCMU/8000/1`. */
  codecs: string[];
  /** Require reliable provisional responses. Default false. */
  requirePrack?: boolean;
  /** Command prefix that runs it, e.g. `ip netns exec NAME`. */
  command?: string[];
}

export interface PjsuaEvent {
  event: 'started' | 'registration' | 'call' | 'media' | 'transfer' | 'error';
  state?: string;
  status?: number;
  reason?: string;
  message?: string;
  /** Of `transfer`: whether this is the final status. */
  final?: boolean;
}

/** A PJSIP phone in its own process. It answers automatically, sends a tone and records what it hears. */
export class PjsuaPhone extends EventEmitter<{ event: [PjsuaEvent] }> {
  readonly #process: ChildProcess;
  readonly #folder: string;
  /** What follows the number in the URIs that it calls. */
  readonly #server: string;
  readonly #seen: PjsuaEvent[] = [];

  private constructor(process: ChildProcess, folder: string, server: string) {
    super();
    this.#process = process;
    this.#folder = folder;
    this.#server = server;
    if (process.stdout === null) {
      throw new TypeError('no pipe to its output');
    }
    createInterface({ input: process.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) {
        return;
      }
      const event = JSON.parse(line) as PjsuaEvent;
      this.#seen.push(event);
      this.emit('event', event);
    });
  }

  /** Starts it and waits until it is registered. */
  static async start(options: PjsuaOptions): Promise<PjsuaPhone> {
    const folder = await mkdtemp(join(tmpdir(), 'canopy-pjsua-'));
    const { username, password, server, transport = 'udp', command = [] } = options;
    const given = {
      ...options,
      id: `sip:${username}@${server}`,
      registrar: `sip:${server};transport=${transport}`,
      password,
      log: join(folder, 'log'),
      recording: join(folder, 'heard.wav'),
    };
    const [program = 'python3', ...args] = [...command, 'python3', PROGRAM, JSON.stringify(given)];
    const child = spawn(program, args, {
      env: { ...process.env, PYTHONPATH: pjsuaFolder() },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const phone = new PjsuaPhone(
      child,
      folder,
      transport === 'udp' ? server : `${server};transport=${transport}`,
    );
    try {
      const { status } = await phone.waitFor(({ event }) => event === 'registration');
      if (status !== 200) {
        throw new Error(`the registration ended with ${status}`);
      }
      return phone;
    } catch (error) {
      await phone.stop();
      throw error;
    }
  }

  /** Calls a number, or a phone directly by its URI, and waits until the call is established. */
  async call(number: string): Promise<void> {
    this.#send({
      command: 'call',
      uri: number.startsWith('sip:') ? number : `sip:${number}@${this.#server}`,
    });
    await this.isIn('CONFIRMED');
  }

  /** Asks the other side of its first call to call this number in its place. */
  transfer(number: string): void {
    this.#send({ command: 'transfer', uri: `sip:${number}@${this.#server}` });
  }

  /** Asks the other side of a call to take its place in another one. Calls are counted from 0. */
  join(call: number, other: number): void {
    this.#send({ command: 'join', call, other });
  }

  /** Waits for the final status of a transfer. */
  async transferred(): Promise<number | undefined> {
    return (await this.waitFor(({ event, final }) => event === 'transfer' && final === true)).status;
  }

  /** Holds or resumes its call and waits until the other side has accepted. */
  async hold(on: boolean): Promise<void> {
    // With ICE, the call's media has been updated before.
    const others = this.#seen.filter(({ event }) => event !== 'media');
    this.#seen.splice(0, this.#seen.length, ...others);
    this.#send({ command: on ? 'hold' : 'resume' });
    await this.waitFor(({ event }) => event === 'media');
  }

  /** Changes its codecs, and with a re-INVITE those of its call; waits until the other side has accepted. */
  async useCodecs(...codecs: string[]): Promise<void> {
    this.#send({ command: 'codecs', codecs });
    await this.waitFor(({ event }) => event === 'media');
  }

  /** Presses keys (RFC 4733). */
  press(keys: string): void {
    this.#send({ command: 'keys', keys });
  }

  hangUp(): void {
    this.#send({ command: 'hangup' });
  }

  /** Waits until its call is `EARLY`, `CONFIRMED` or `DISCONNECTED`. */
  async isIn(state: string): Promise<PjsuaEvent> {
    return await this.waitFor((event) => event.event === 'call' && event.state === state);
  }

  /** Whether it has reported the end of its call in an event that nobody has waited for yet. */
  get hasEnded(): boolean {
    return this.#seen.some(({ event, state }) => event === 'call' && state === 'DISCONNECTED');
  }

  /** Waits until it has heard this tone, at this level if given, and little else for a full second from now. */
  hears(frequencyHz: number, levelDb?: number): Promise<HeardTone> {
    return hearInRecording(
      `${frequencyHz} Hz are heard`,
      () => readRecording(join(this.#folder, 'heard.wav')),
      isTone(frequencyHz, levelDb),
    );
  }

  /** Waits for an event, or returns an earlier one. Drops the events before it. */
  async waitFor(isRight: (event: PjsuaEvent) => boolean): Promise<PjsuaEvent> {
    const signal = AbortSignal.timeout(EVENT_MS);
    for (;;) {
      const index = this.#seen.findIndex(isRight);
      const found = this.#seen[index];
      if (found !== undefined) {
        this.#seen.splice(0, index + 1);
        return found;
      }
      try {
        await once(this, 'event', { signal });
      } catch {
        const log = await readFile(join(this.#folder, 'log'), 'utf8').catch(() => '');
        throw new Error(`not but ${JSON.stringify(this.#seen)}:\n${log.split('\n').slice(-60).join('\n')}`);
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.stdin?.end();
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(timer);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  #send(command: object): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }
}
