import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../base/index.ts';
import { type RecordingEvent, type RecordingManifest, recordingManifest } from '../../contract/index.ts';
import { repairTrack } from './repair-track.ts';

const MANIFEST = 'recording.json';
const EVENTS = 'events.jsonl';

/** The folder of a recording: its tracks, a list of them, and what happened meanwhile. */
export class RecordingFolder {
  readonly path: string;
  #appending: Promise<void> = Promise.resolve();

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws Error with an errno code */
  static async open(path: string): Promise<RecordingFolder> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return new RecordingFolder(path);
  }

  /** The list as last written; undefined: there is none. */
  async readManifest(): Promise<RecordingManifest | undefined> {
    try {
      return recordingManifest.parse(JSON.parse(await readFile(join(this.path, MANIFEST), 'utf8')));
    } catch {
      return undefined;
    }
  }

  /** @throws Error with an errno code */
  writeManifest(manifest: RecordingManifest): void {
    writeWhole(join(this.path, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
  }

  /** Appends an event. What cannot be written is dropped: the tracks matter more. */
  append(event: RecordingEvent): void {
    const line = `${JSON.stringify(event)}\n`;
    this.#appending = this.#appending
      .then(() => appendFile(join(this.path, EVENTS), line, { mode: 0o600 }))
      .catch(() => {});
  }

  /** Resolves when all events are written. */
  async settled(): Promise<void> {
    await this.#appending;
  }

  /**
   * Makes what a crashed process left playable: files get their index and the list their lengths.
   *
   * @returns the repaired list; undefined: nothing was recorded
   */
  async repair(): Promise<RecordingManifest | undefined> {
    const manifest = await this.readManifest();
    if (manifest === undefined) {
      return undefined;
    }
    const tracks: RecordingManifest['tracks'] = [];
    for (const track of manifest.tracks) {
      if (track.isComplete) {
        tracks.push(track);
        continue;
      }
      const repaired = await repairTrack(join(this.path, track.file));
      if (repaired) {
        tracks.push({ ...track, ...repaired, isComplete: true });
      }
    }
    const lengths = tracks.map(({ offsetMs, durationMs }) => offsetMs + durationMs);
    const whole = { ...manifest, tracks, durationMs: Math.max(0, ...lengths) };
    this.writeManifest(whole);
    return whole;
  }
}
