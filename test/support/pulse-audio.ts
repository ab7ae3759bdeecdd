import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dominantTone, type HeardTone } from './heard-tone.ts';
import { eventually } from './wait.ts';

const RATE_HZ = 48_000;

/** A separate PulseAudio server whose microphones and speakers come and go. As on desktops, a stream that loses its device moves to another. */
export class PulseAudio {
  /** For PULSE_SERVER. */
  readonly address: string;
  readonly #process: ChildProcess;
  readonly #dir: string;

  private constructor(process: ChildProcess, dir: string) {
    this.#process = process;
    this.#dir = dir;
    this.address = `unix:${join(dir, 'socket')}`;
  }

  static async start(): Promise<PulseAudio> {
    const dir = mkdtempSync(join(tmpdir(), 'canopy-pulse-'));
    const child = spawn(
      'pulseaudio',
      [
        ...['-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no'],
        ...['-L', `module-native-protocol-unix auth-anonymous=1 socket=${join(dir, 'socket')}`],
        ...['-L', 'module-null-sink sink_name=speaker'],
      ],
      { stdio: 'ignore', env: { ...process.env, HOME: dir, XDG_RUNTIME_DIR: dir } },
    );
    const pulse = new PulseAudio(child, dir);
    await eventually('PulseAudio answers', () =>
      pulse.#pactl('info').then(
        () => true,
        () => false,
      ),
    );
    return pulse;
  }

  /** Plugs in a microphone that hears a tone; 0 Hz: nothing at all. Returns a function that unplugs it. */
  async plugIn(name: string, frequencyHz = 440): Promise<() => Promise<void>> {
    const properties = [`source_name=${name}`, `source_properties=device.description=${name}`];
    if (frequencyHz > 0) {
      return this.#load('module-sine-source', ...properties, `frequency=${frequencyHz}`);
    }
    // Browsers do not list what speakers play as microphones, unless it is renamed.
    const speaker = await this.#load('module-null-sink', `sink_name=behind-${name}`);
    const unplug = await this.#load('module-remap-source', `master=behind-${name}.monitor`, ...properties);
    return async () => {
      await unplug();
      await speaker();
    };
  }

  /** Plugs in a speaker. Returns a function that unplugs it. */
  async plugInSpeaker(name: string): Promise<() => Promise<void>> {
    return this.#load('module-null-sink', `sink_name=${name}`, `sink_properties=device.description=${name}`);
  }

  /** What a speaker plays for half a second. */
  async hear(speaker: string): Promise<HeardTone> {
    const recorder = spawn(
      'parec',
      [
        '-d',
        `${speaker}.monitor`,
        '--format=s16le',
        `--rate=${RATE_HZ}`,
        '--channels=1',
        '--latency-msec=50',
      ],
      { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, PULSE_SERVER: this.address } },
    );
    const exited = once(recorder, 'exit');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of recorder.stdout) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= RATE_HZ) {
        break;
      }
    }
    recorder.kill('SIGKILL');
    await exited;
    const all = Buffer.concat(chunks);
    const samples = Float64Array.from({ length: Math.floor(all.length / 2) }, (_, n) =>
      all.readInt16LE(n * 2),
    );
    return dominantTone(samples, RATE_HZ);
  }

  /** Names of the speakers that something is played on. */
  async playingOn(): Promise<string[]> {
    return this.#ofStreams('sinks', 'sink-inputs');
  }

  async #load(...module: string[]): Promise<() => Promise<void>> {
    const index = await this.#pactl('load-module', ...module);
    return async () => {
      await this.#pactl('unload-module', index);
    };
  }

  async setDefault(name: string): Promise<void> {
    await this.#pactl('set-default-source', name);
  }

  /** Names of the microphones in use. */
  async inUse(): Promise<string[]> {
    return this.#ofStreams('sources', 'source-outputs');
  }

  /** Names of the devices of each stream. */
  async #ofStreams(
    devices: 'sources' | 'sinks',
    streams: 'source-outputs' | 'sink-inputs',
  ): Promise<string[]> {
    const [listed, used] = await Promise.all(
      [devices, streams].map(async (what) => {
        const lines = (await this.#pactl('list', 'short', what)).split('\n');
        return lines.map((line) => line.split('\t'));
      }),
    );
    const names = new Map(listed?.map(([index, name]) => [index, name]));
    return (used ?? []).flatMap(([, device]) => names.get(device) ?? []);
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #pactl(...args: string[]): Promise<string> {
    const env = { ...process.env, PULSE_SERVER: this.address };
    const { stdout } = await promisify(execFile)('pactl', args, { env });
    return stdout.trim();
  }
}
