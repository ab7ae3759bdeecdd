import { appendFile, mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../base/index.ts';
import {
  type RecordedTrack,
  type RecordingEvent,
  type RecordingManifest,
  recordingManifest,
} from '../../contract/index.ts';
import { repairTrack } from './repair-track.ts';

const MANIFEST = 'recording.json';
const EVENTS = 'events.jsonl';
/** What the name of a track's file begins with. */
const NUMBER = /^(\d+)-/;

/** The folder of a recording: its tracks, a list of them, and what happened meanwhile. */
export class RecordingFolder {
  readonly path: string;
  readonly #log: Logger;
  #eventBytes = 0;
  #appending: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();
  /** The save that has not begun yet, and what the last call wants it to write. */
  #nextSave: Promise<void> | undefined;
  #nextManifest: (() => RecordingManifest) | undefined;

  constructor(path: string, log: Logger) {
    this.path = path;
    this.#log = log;
  }

  /** Makes the folder if there is none. @throws Error with an errno code */
  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    this.#eventBytes = await this.#sizeOfEvents();
  }

  /** Size of the list of events, in bytes. */
  get eventBytes(): number {
    return this.#eventBytes;
  }

  /**
   * The list as last written; undefined: there is none. One that cannot be understood is put aside.
   *
   * @throws Error with an errno code
   */
  async readManifest(): Promise<RecordingManifest | undefined> {
    const path = join(this.path, MANIFEST);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
    try {
      return recordingManifest.parse(JSON.parse(text));
    } catch (error) {
      this.#log.error({ err: error, path }, 'the list of a recording’s tracks is damaged');
      await rename(path, `${path}.damaged`);
      return undefined;
    }
  }

  /** The highest number of a track's file; 0: there is none. @throws Error with an errno code */
  async highestNumber(): Promise<number> {
    const numbers = (await readdir(this.path)).map((name) => Number(NUMBER.exec(name)?.[1] ?? 0));
    return Math.max(0, ...numbers);
  }

  /** Writes the list once earlier writes are done. Several calls meanwhile are one write, of what the last one gives. @throws Error with an errno code */
  save(manifest: () => RecordingManifest): Promise<void> {
    this.#nextManifest = manifest;
    this.#nextSave ??= this.#saving.then(() => {
      this.#nextSave = undefined;
      const saved = this.#write((this.#nextManifest ?? manifest)());
      this.#saving = saved.catch(() => {});
      return saved;
    });
    return this.#nextSave;
  }

  /** Appends an event. What cannot be written is dropped: the tracks matter more. */
  append(event: RecordingEvent): void {
    const line = `${JSON.stringify(event)}\n`;
    this.#eventBytes += Buffer.byteLength(line);
    this.#appending = this.#appending
      .then(() => appendFile(join(this.path, EVENTS), line, { mode: 0o600 }))
      .catch(() => {});
  }

  /** Resolves when all events are written. */
  async settled(): Promise<void> {
    await this.#appending;
  }

  /**
   * Makes what a crashed process left playable: files get their index and the list their lengths. A file that cannot be repaired stays as it
   * is, and holds up no other.
   *
   * @returns the repaired list; undefined: nothing was recorded
   * @throws Error with an errno code: the list cannot be read or written
   */
  async repair(): Promise<RecordingManifest | undefined> {
    const manifest = await this.readManifest();
    if (manifest === undefined) {
      return undefined;
    }
    const tracks: RecordedTrack[] = [];
    for (const track of manifest.tracks) {
      const repaired = track.isComplete ? track : await this.repairTrack(track);
      if (repaired) {
        tracks.push(repaired);
      }
    }
    const lengths = tracks.map(({ offsetMs, durationMs }) => offsetMs + durationMs);
    const durationMs = Math.max(manifest.durationMs, ...lengths);
    const whole = { ...manifest, tracks, durationMs, eventBytes: await this.#sizeOfEvents() };
    await this.save(() => whole);
    return whole;
  }

  /**
   * Repairs one file. Never rejects.
   *
   * @returns the track as it is now, incomplete if the file cannot be repaired; undefined: it held nothing, and was deleted
   */
  async repairTrack(track: RecordedTrack, signal?: AbortSignal): Promise<RecordedTrack | undefined> {
    try {
      const repaired = await repairTrack(join(this.path, track.file), signal);
      return repaired && { ...track, ...repaired, isComplete: true };
    } catch (error) {
      if (!signal?.aborted) {
        this.#log.warn({ err: error, folder: this.path, file: track.file }, 'cannot repair a recorded file');
      }
      return track;
    }
  }

  async #sizeOfEvents(): Promise<number> {
    const stats = await stat(join(this.path, EVENTS)).catch(() => undefined);
    return stats?.size ?? 0;
  }

  /** Atomic, and synced to the disk. */
  async #write(manifest: RecordingManifest): Promise<void> {
    const path = join(this.path, MANIFEST);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(manifest, null, 1)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }
}
