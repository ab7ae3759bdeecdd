import { rm } from 'node:fs/promises';
import { CanopyError, type Config } from '../../../../base/index.ts';
import {
  type CompositionFormat,
  composedFileName,
  type RecordedTrack,
  type RecordingManifest,
} from '../../../../contract/index.ts';
import { type ExportEntry, zipOf } from '../../../kernel/index.ts';
import type { Compositions } from '../compositions.ts';
import type { KeptRecording } from '../contract.ts';
import { EVENTS, readManifest, savedName } from '../kept-files.ts';
import { recordingFolder } from '../recording-folder.ts';
import { infoOf, type RecordingRecords } from '../recording-records.ts';
import type { OpenFile, RecordingStorage } from '../recording-storage.ts';
import type { RecordingRow } from '../tables.ts';

interface LibraryOptions {
  config: Config;
  records: RecordingRecords;
  compositions: Compositions;
  storage: RecordingStorage;
}

/** The recordings that are kept. */
export class Library {
  readonly #config: Config;
  readonly #records: RecordingRecords;
  readonly #compositions: Compositions;
  readonly #storage: RecordingStorage;

  constructor({ config, records, compositions, storage }: LibraryOptions) {
    this.#config = config;
    this.#records = records;
    this.#compositions = compositions;
    this.#storage = storage;
  }

  /** Size of all recordings, in bytes. */
  bytes(): Promise<number> {
    return this.#records.bytes();
  }

  /** The recordings of these rooms, at least one, or of all rooms, newest first. */
  async page(
    roomIds: readonly string[] | undefined,
    { before, limit }: { before?: number | undefined; limit: number },
  ): Promise<{ rows: RecordingRow[]; more: boolean }> {
    const rows = await this.#records.of(roomIds, { before, limit: limit + 1 });
    return { rows: rows.slice(0, limit), more: rows.length > limit };
  }

  async describe(row: RecordingRow): Promise<KeptRecording> {
    const manifest = await this.manifest(row.recording_id).catch(unlessAway);
    const tracks = manifest?.tracks ?? [];
    return {
      ...infoOf(row),
      people: [...new Set(tracks.map(({ displayName }) => displayName))],
      compositions: await this.#compositions.of(row.recording_id),
      isComplete: row.status === 'ended' && tracks.length > 0 && tracks.every((track) => track.isComplete),
    };
  }

  /** What the recorder wrote about a recording; undefined: nothing was recorded. @throws {CanopyError} RECORDING_STORAGE_UNAVAILABLE */
  async manifest(recordingId: string): Promise<RecordingManifest | undefined> {
    const folder = this.#folder(recordingId);
    const kept = await readManifest(folder);
    if (kept || !(await this.#storage.fetchList(recordingId))) {
      return kept;
    }
    return readManifest(folder);
  }

  /** A track, opened to be read. @throws {CanopyError} RECORDING_UNKNOWN - there is no such track */
  async track(recordingId: string, name: string): Promise<{ track: RecordedTrack; file: OpenFile }> {
    const track = (await this.manifest(recordingId))?.tracks.find(({ file }) => file === name);
    const file = track && (await this.#storage.open(recordingId, track.file));
    if (!track || !file) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
    return { track, file };
  }

  /** A finished composition, opened to be read. @throws {CanopyError} RECORDING_UNKNOWN */
  async composition(
    recordingId: string,
    compositionId: string,
  ): Promise<{ format: CompositionFormat; file: OpenFile }> {
    const { format, status } = await this.#compositions.find(recordingId, compositionId);
    const name = composedFileName({ compositionId, format });
    const file = status === 'done' ? await this.#storage.open(recordingId, name) : undefined;
    if (!file) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
    return { format, file };
  }

  /** The file of what happened besides; undefined: nothing did. */
  events(recordingId: string): Promise<OpenFile | undefined> {
    return this.#storage.open(recordingId, EVENTS);
  }

  /** All tracks and what happened besides, as a ZIP file, with further entries. @throws {CanopyError} RECORDING_UNKNOWN - nothing was recorded */
  async zip(recordingId: string, further: readonly ExportEntry[] = []): Promise<ReturnType<typeof zipOf>> {
    const manifest = await this.manifest(recordingId);
    if (!manifest) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
    await this.#demandReadable(manifest);
    return zipOf(this.#entries(manifest, further));
  }

  /** Deletes a recording that has ended. @throws {CanopyError} RECORDING_UNFINISHED */
  async delete(row: RecordingRow): Promise<void> {
    if (row.status !== 'ended') {
      throw new CanopyError('RECORDING_UNFINISHED');
    }
    await this.#compositions.deleteAll(row.recording_id);
    await this.#storage.delete({ recording_id: row.recording_id });
    // The row goes last: it says where files may still be.
    await rm(this.#folder(row.recording_id), { recursive: true, force: true });
    await this.#records.delete(row.recording_id);
    // Until now it could be added to the queue once more.
    await this.#storage.delete({ recording_id: row.recording_id });
  }

  #folder(recordingId: string): string {
    return recordingFolder(this.#config, recordingId);
  }

  /** Later, an error could only end the download. @throws {CanopyError} RECORDING_STORAGE_UNAVAILABLE */
  async #demandReadable({ recordingId, tracks: [first] }: RecordingManifest): Promise<void> {
    const file = first && (await this.#storage.open(recordingId, first.file));
    if (file) {
      try {
        (await file.read({ from: 0, to: Math.min(1, file.size) })).destroy();
      } finally {
        await file.close();
      }
    }
  }

  async *#entries(
    { recordingId, tracks }: RecordingManifest,
    further: readonly ExportEntry[],
  ): AsyncIterable<ExportEntry> {
    yield* further;
    const files = [
      ...tracks.map((track) => [track.file, savedName(track)] as const),
      [EVENTS, EVENTS] as const,
    ];
    for (const [name, path] of files) {
      const file = await this.#storage.open(recordingId, name);
      if (file) {
        try {
          yield { path, content: await file.read(), isCompressible: name === EVENTS };
        } finally {
          await file.close();
        }
      }
    }
  }
}

/** Without the list, a recording is shown without the names of its people. */
function unlessAway(error: unknown): undefined {
  if (CanopyError.from(error).code !== 'RECORDING_STORAGE_UNAVAILABLE') {
    throw error;
  }
}
