import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CanopyError } from '../../base/index.ts';
import {
  type ComposedFile,
  type CompositionOptions,
  composedFileName,
  composingFolderName,
  type RecordingEvent,
  type RecordingManifest,
  recordingEvent,
} from '../../contract/index.ts';
import type { RecordingFolder } from '../files/index.ts';
import { runFfmpeg } from './ffmpeg.ts';
import { nameTrack } from './name-track.ts';
import { pictureCommand, VIDEO_ENCODERS } from './picture-command.ts';
import { pictureSpans } from './picture-spans.ts';
import { type Scene, sceneOf } from './scene.ts';
import { SOUND_ENCODERS, soundCommand } from './sound-command.ts';
import { FRAME_RATE, stretchesOf } from './stretches.ts';

export interface Work {
  /** Ends it. What is finished stays, and the next attempt goes on from there. */
  signal: AbortSignal;
  /** From 0 to 100. */
  onProgress(percent: number): void;
}

/** Shares of the work until the sound is mixed, and until all pictures are drawn, in percent. */
const SOUND_SHARE = 8;
const PICTURES_SHARE = 97;
/** How often free space is looked at, in milliseconds. */
const SPACE_MS = 5000;
/** The recording's folder, as seen from ffmpeg's working folder. */
const RECORDING = '..';

/**
 * Makes one file of a recording's tracks. What is drawn is divided into stretches; those that are finished are not drawn again after a crash.
 *
 * @throws {CanopyError} RECORDING_UNKNOWN - nothing was recorded; COMPOSER_MISSING; RECORDING_DISK_FULL; COMPOSITION_FAILED
 */
export async function compose(
  folder: RecordingFolder,
  options: CompositionOptions,
  work: Work,
): Promise<ComposedFile> {
  const manifest = await folder.readManifest();
  if (!manifest || manifest.tracks.length === 0) {
    throw new CanopyError('RECORDING_UNKNOWN');
  }
  return new Composition(folder.path, manifest, options, work).make();
}

/** Removes what an attempt has left. */
export async function discardComposition(folder: string, composition: { compositionId: string }) {
  await rm(join(folder, composingFolderName(composition)), { recursive: true, force: true });
}

class Composition {
  readonly #folder: string;
  readonly #manifest: RecordingManifest;
  readonly #options: CompositionOptions;
  readonly #work: Work;
  /** The folder in which ffmpeg works. */
  readonly #cwd: string;
  #percent = -1;

  constructor(folder: string, manifest: RecordingManifest, options: CompositionOptions, work: Work) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#options = options;
    this.#work = work;
    this.#cwd = join(folder, composingFolderName(options));
  }

  async make(): Promise<ComposedFile> {
    const path = join(this.#folder, composedFileName(this.#options));
    const before = await stat(path).catch(() => undefined);
    if (!before) {
      const made = await this.#draw();
      await rename(made, path);
    }
    await discardComposition(this.#folder, this.#options);
    return { bytes: (before ?? (await stat(path))).size };
  }

  /** @returns the finished file, in the working folder */
  async #draw(): Promise<string> {
    const { format, layout } = this.#options;
    const encoder = VIDEO_ENCODERS[format];
    const scenes = encoder ? await this.#scenes() : [];
    await this.#prepare({ format, layout, scenes, tracks: this.#manifest.tracks });
    const sound = await this.#drawSound(encoder ? SOUND_SHARE : PICTURES_SHARE);
    if (!encoder) {
      return join(this.#cwd, sound);
    }
    const total = scenes.reduce((sum, { frames }) => sum + frames, 0);
    const parts: string[] = [];
    for (const [index, scene] of scenes.entries()) {
      const share = (frames: number) =>
        SOUND_SHARE + ((PICTURES_SHARE - SOUND_SHARE) * (scene.fromFrame + frames)) / total;
      parts.push(await this.#drawScene(scene, index, (ms) => this.#report(share((ms * FRAME_RATE) / 1000))));
    }
    return this.#join(sound, parts);
  }

  async #scenes(): Promise<Scene[]> {
    const { durationMs, tracks } = this.#manifest;
    const spans = await pictureSpans(this.#folder, this.#manifest);
    const events = await readEvents(this.#folder);
    return stretchesOf({ durationMs, tracks, spans, events }).map((stretch) =>
      sceneOf(stretch, this.#options.layout),
    );
  }

  /** Makes the working folder. One that was made for something else is emptied. */
  async #prepare(plan: unknown): Promise<void> {
    const hash = createHash('sha256').update(JSON.stringify(plan)).digest('hex');
    const marker = join(this.#cwd, 'plan');
    if ((await readFile(marker, 'utf8').catch(() => '')) !== hash) {
      await rm(this.#cwd, { recursive: true, force: true });
      await mkdir(this.#cwd, { mode: 0o700 });
      await writeFile(marker, hash);
    }
  }

  /** @returns name of the file */
  async #drawSound(share: number): Promise<string> {
    const { format } = this.#options;
    const { tracks, durationMs } = this.#manifest;
    const sounds = tracks.filter(({ codec }) => codec === 'opus');
    const { inputs, graph } = soundCommand(sounds, { folder: RECORDING, durationMs });
    await this.#write('sound.graph', graph);
    return this.#once('sound', {
      args: [
        ...inputs,
        '-filter_complex_script',
        'sound.graph',
        '-map',
        '[sound]',
        ...SOUND_ENCODERS[format],
      ],
      onProgress: (ms) => this.#report((share * ms) / durationMs),
    });
  }

  async #drawScene(scene: Scene, index: number, onProgress: (ms: number) => void): Promise<string> {
    const name = `part-${index}`;
    await this.#write(`${name}.ass`, nameTrack(scene.names));
    const { inputs, graph } = pictureCommand(scene, { folder: RECORDING, names: `${name}.ass` });
    await this.#write(`${name}.graph`, graph);
    return this.#once(name, {
      args: [
        ...inputs,
        ...['-filter_complex_script', `${name}.graph`, '-map', '[video]', '-frames:v', String(scene.frames)],
        ...(VIDEO_ENCODERS[this.#options.format] ?? []),
      ],
      onProgress,
    });
  }

  /** Joins the parts and adds the sound, without re-encoding. @returns path of the file */
  async #join(sound: string, parts: readonly string[]): Promise<string> {
    const { format } = this.#options;
    await this.#write('parts', parts.map((part) => `file ${part}\n`).join(''));
    const container = format === 'mp4' ? ['-movflags', '+faststart', '-f', 'mp4'] : ['-f', 'webm'];
    const whole = await this.#once('whole', {
      args: [
        ...['-f', 'concat', '-i', 'parts', '-i', sound, '-map', '0:v', '-map', '1:a', '-c', 'copy'],
        ...container,
      ],
      onProgress: () => {},
    });
    return join(this.#cwd, whole);
  }

  /** Has ffmpeg write a file, unless an earlier attempt has. It gets its name when it is whole. @returns the name */
  async #once(
    name: string,
    { args, onProgress }: { args: string[]; onProgress: (ms: number) => void },
  ): Promise<string> {
    const path = join(this.#cwd, name);
    const isDone = await stat(path).then(
      () => true,
      () => false,
    );
    if (!isDone) {
      await this.#demandSpace();
      const full = new AbortController();
      const timer = setInterval(
        () => void this.#demandSpace().catch((error: unknown) => full.abort(error)),
        SPACE_MS,
      );
      // After a crash, the ffmpeg of the last attempt may still write its own.
      const partial = `${name}.${process.pid}.partial`;
      try {
        const signal = AbortSignal.any([this.#work.signal, full.signal]);
        await runFfmpeg([...args, partial], { cwd: this.#cwd, signal, onProgress });
        await synced(join(this.#cwd, partial));
        await rename(join(this.#cwd, partial), path);
      } finally {
        clearInterval(timer);
        await rm(join(this.#cwd, partial), { force: true });
      }
    }
    return name;
  }

  async #write(name: string, text: string): Promise<void> {
    await writeFile(join(this.#cwd, name), text, { mode: 0o600 });
  }

  /** @throws {CanopyError} RECORDING_DISK_FULL */
  async #demandSpace(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < this.#options.minFreeBytes) {
      throw new CanopyError('RECORDING_DISK_FULL');
    }
  }

  #report(exact: number): void {
    const percent = Math.min(99, Math.max(0, Math.floor(exact)));
    if (percent > this.#percent) {
      this.#percent = percent;
      this.#work.onProgress(percent);
    }
  }
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The events of a recording. Lines that a crash cut short are left out. */
async function readEvents(folder: string): Promise<RecordingEvent[]> {
  const text = await readFile(join(folder, 'events.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return [recordingEvent.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}
