import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { urlHost } from '../../base/index.ts';
import { type HeardTone, isTone } from './heard-tone.ts';
import { connectWhenUp, freePort } from './programs.ts';
import { hearInRecording, type Recording, readRecording } from './recording.ts';
import { eventually } from './wait.ts';
import { SOUND_RATE, writeSound } from './write-sound.ts';

/** How many pairs of ports are tried. */
const START_ATTEMPTS = 3;
const MODULES = '/usr/lib/baresip/modules';

const TONE_FILE = 'tone.wav';
const TONE_SECONDS = 60;

/** An event of baresip's ctrl_tcp module: `REGISTER_OK`, `CALL_INCOMING`, `CALL_ESTABLISHED`, `CALL_CLOSED` … */
export interface BaresipEvent {
  type: string;
  param?: string;
  peeruri?: string;
}

export interface BaresipOptions {
  /** PEM file with its TLS key and certificate, which it also trusts as CA. */
  certificate?: string;
  /** Frequency of the tone that it sends. Default 440. */
  toneHz?: number;
  /** Level of the tone in dBov, for at most a minute. Default: baresip's own, which is loud. */
  toneDbov?: number;
  /** Records what it hears, for hears() and recording(). Default false. */
  record?: boolean;
  /** Loopback address for its SIP and RTP. Default 127.0.0.1. */
  host?: string;
}

/** A real softphone in its own process, controlled over its control port. */
export class Baresip extends EventEmitter<{ event: [BaresipEvent] }> {
  readonly #process: ChildProcess;
  readonly #control: Socket;
  readonly #folder: string;
  readonly #seen: BaresipEvent[] = [];
  output = '';

  private constructor(process: ChildProcess, control: Socket, folder: string) {
    super();
    this.#process = process;
    this.#control = control;
    this.#folder = folder;
  }

  /** Starts it with one line of its `accounts` file, in which `%PORT%` is its SIP port. */
  static async start(account: string, options: BaresipOptions = {}): Promise<Baresip> {
    const outputs: string[] = [];
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
      const { phone, output } = await Baresip.#try(account, options);
      if (phone) {
        return phone;
      }
      outputs.push(output);
    }
    throw new Error(`baresip does not start:\n${outputs.join('\n\n')}`);
  }

  /** One attempt: another program may take the free ports before baresip binds them. */
  static async #try(
    account: string,
    { certificate, toneHz = 440, toneDbov, record = false, host = '127.0.0.1' }: BaresipOptions,
  ): Promise<{ phone?: Baresip; output: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'baresip-'));
    const sipPort = await freePort();
    const controlPort = await freePort();
    const config = [
      `sip_listen ${urlHost(host)}:${sipPort}`,
      ...(certificate === undefined ? [] : [`sip_certificate ${certificate}`, `sip_cafile ${certificate}`]),
      toneDbov === undefined
        ? `audio_source ausine,${toneHz}`
        : `audio_source aufile,${join(folder, TONE_FILE)}`,
      'audio_player aubridge,play',
      'audio_alert aubridge,alert',
      ...['ausrc_srate 48000', 'auplay_srate 48000', 'auplay_channels 1'],
      `ausrc_channels ${toneDbov === undefined ? 2 : 1}`,
      'ringback_disabled yes',
      `net_interface ${host}`,
      `module_path ${MODULES}`,
      ...[
        'opus.so',
        'g722.so',
        'g711.so',
        'gsm.so',
        'amr.so',
        'srtp.so',
        'dtls_srtp.so',
        'ice.so',
        toneDbov === undefined ? 'ausine.so' : 'aufile.so',
        'aubridge.so',
      ].map((name) => `module ${name}`),
      ...(record ? ['module sndfile.so', `snd_path ${folder}`] : []),
      ...['uuid.so', 'account.so'].map((name) => `module_tmp ${name}`),
      ...['menu.so', 'ctrl_tcp.so'].map((name) => `module_app ${name}`),
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    ];
    if (toneDbov !== undefined) {
      const amplitude = Math.SQRT2 * 10 ** (toneDbov / 20);
      const toneAt = (n: number) => amplitude * Math.sin((2 * Math.PI * toneHz * n) / SOUND_RATE);
      writeSound(join(folder, TONE_FILE), toneAt, TONE_SECONDS);
    }
    await writeFile(join(folder, 'config'), `${config.join('\n')}\n`);
    await writeFile(join(folder, 'accounts'), `${account.replaceAll('%PORT%', String(sipPort))}\n`);
    await writeFile(join(folder, 'contacts'), '');
    const process = spawn('baresip', ['-f', folder, '-v', '-s'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collectFirst = (chunk: Buffer) => {
      output += chunk.toString();
    };
    process.stdout?.on('data', collectFirst);
    process.stderr?.on('data', collectFirst);
    const control = (await takesCommands(process, () => output).catch(() => false))
      ? await connectWhenUp(controlPort, process).catch(() => undefined)
      : undefined;
    if (!control) {
      process.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
      return { output };
    }
    const phone = new Baresip(process, control, folder);
    phone.output = output;
    const collect = (chunk: Buffer) => {
      phone.output += chunk.toString();
    };
    for (const stream of [process.stdout, process.stderr]) {
      stream?.off('data', collectFirst);
      stream?.on('data', collect);
    }
    phone.#read();
    return { phone, output };
  }

  /** Runs a command from its menu: `dial`, `accept`, `hangup`, `hold`, `resume`. */
  command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params });
    this.#control.write(`${Buffer.byteLength(text)}:${text},`);
  }

  /** Presses keys one after another. */
  press(keys: string): void {
    for (const key of keys) {
      this.command('sndcode', key);
    }
  }

  /** Waits until it has heard this tone, at this level if given, and little else for a full second from now. */
  hears(frequencyHz: number, levelDb?: number): Promise<HeardTone> {
    return this.#hear(`${frequencyHz} Hz are heard`, isTone(frequencyHz, levelDb));
  }

  /** Waits until it has heard next to nothing for a full second from now. */
  hearsNothing(): Promise<HeardTone> {
    return this.#hear('silence is heard', (tone) => tone.levelDb < -55);
  }

  #hear(what: string, isRight: (tone: HeardTone) => boolean): Promise<HeardTone> {
    return hearInRecording(what, () => this.recording(), isRight);
  }

  /** Everything heard in its last call, as far as it is written to disk. */
  async recording(): Promise<Recording> {
    const file = (await readdir(this.#folder))
      .filter((name) => name.endsWith('-dec.wav'))
      .sort()
      .at(-1);
    return readRecording(file && join(this.#folder, file));
  }

  /** Waits for an event, or returns an earlier one that nobody waited for. Rejects with the log after 8 s. */
  async waitFor(type: string): Promise<BaresipEvent> {
    const signal = AbortSignal.timeout(8000);
    for (;;) {
      const index = this.#seen.findIndex((event) => event.type === type);
      if (index >= 0) {
        return this.#seen.splice(index, 1)[0] as BaresipEvent;
      }
      try {
        await once(this, 'event', { signal });
      } catch {
        const types = this.#seen.map((event) => event.type).join(', ');
        throw new Error(`no ${type} but ${types}:\n${this.output}`);
      }
    }
  }

  /** Waits until it has registered. Reads the log, since the event may come before anyone listens. */
  async registered(): Promise<void> {
    const until = performance.now() + 8000;
    while (!/200 OK \(.*\) \[[0-9]+ binding/.test(this.output)) {
      if (performance.now() > until) {
        throw new Error(`not registered:\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async stop(): Promise<void> {
    this.#control.destroy();
    // The test may have stopped it already.
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      const force = setTimeout(() => this.#process.kill('SIGKILL'), 3000);
      await gone;
      clearTimeout(force);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  #read(): void {
    let text = '';
    this.#control.on('error', () => {});
    this.#control.on('data', (chunk) => {
      text += chunk.toString();
      for (let colon = text.indexOf(':'); colon > 0; colon = text.indexOf(':')) {
        const length = Number(text.slice(0, colon));
        if (text.length < colon + length + 2) {
          return;
        }
        const message = JSON.parse(text.slice(colon + 1, colon + 1 + length));
        text = text.slice(colon + length + 2);
        if (message.event) {
          this.#seen.push(message);
          this.emit('event', message);
        }
      }
    });
  }
}

/** Whether it listens for commands. It also runs if their port is taken, and another program would get them. */
async function takesCommands(process: ChildProcess, output: () => string): Promise<boolean> {
  await eventually(
    'baresip has started',
    output,
    (text) =>
      /ctrl_tcp: (TCP socket listening|failed to listen)/.test(text) ||
      process.exitCode !== null ||
      process.signalCode !== null,
  );
  return /ctrl_tcp: TCP socket listening/.test(output());
}
