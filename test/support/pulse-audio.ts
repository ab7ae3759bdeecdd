import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './wait.ts';

/** A separate PulseAudio server whose microphones come and go. As on desktops, a stream that loses its device moves to another. */
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

  /** Plugs in a microphone. Returns a function that unplugs it. */
  async plugIn(name: string): Promise<() => Promise<void>> {
    const properties = `source_properties=device.description=${name}`;
    const module = await this.#pactl('load-module', 'module-sine-source', `source_name=${name}`, properties);
    return async () => {
      await this.#pactl('unload-module', module);
    };
  }

  async setDefault(name: string): Promise<void> {
    await this.#pactl('set-default-source', name);
  }

  /** Names of the microphones in use. */
  async inUse(): Promise<string[]> {
    const [sources, outputs] = await Promise.all(
      ['sources', 'source-outputs'].map(async (what) => {
        const lines = (await this.#pactl('list', 'short', what)).split('\n');
        return lines.map((line) => line.split('\t'));
      }),
    );
    const names = new Map(sources?.map(([index, name]) => [index, name]));
    return (outputs ?? []).flatMap(([, source]) => names.get(source) ?? []);
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
