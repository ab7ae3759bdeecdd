import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CanopyError } from '../../../base/index.ts';
import { type ComposedFile, composingFolderName } from '../../../contract/index.ts';
import type { CompositionTask, Recorder } from '../../kernel/index.ts';
import { TestKernel } from '../testing/index.ts';
import { CompositionRecords } from './composition-records.ts';
import { Compositions } from './compositions.ts';
import { openStorage } from './open-storage.ts';
import { RecordingRecords } from './recording-records.ts';
import type { CompositionRow, RecordingRow } from './tables.ts';

const RECORDING: RecordingRow = {
  recording_id: 'recording',
  room_id: 'team',
  status: 'ended',
  mode: 'video',
  full: 0,
  started_at_ms: 1,
  ended_at_ms: 2,
  duration_ms: 1,
  bytes: 1,
  account_id: null,
  display_name: null,
  reason: 'stopped',
};

/** A recorder whose process can be ended at will. It makes nothing by itself. */
class HeldRecorder {
  readonly isUp = true;
  readonly begun: string[] = [];
  #pending: PromiseWithResolvers<ComposedFile> | undefined;
  onBegun = () => {};

  compose({ compositionId }: CompositionTask): Promise<ComposedFile> {
    this.begun.push(compositionId);
    this.#pending = Promise.withResolvers();
    this.onBegun();
    return this.#pending.promise;
  }

  cancelComposition(): void {
    this.#pending?.reject(new CanopyError('RECORDING_UNKNOWN'));
  }

  crash(): void {
    this.#pending?.reject(new CanopyError('RECORDER_UNAVAILABLE'));
  }
}

describe('the queue of videos', () => {
  let host: TestKernel;
  let recorder: HeldRecorder;
  let queue: CompositionRecords;
  let compositions: Compositions;
  let settled: (row: CompositionRow) => void;

  beforeEach(async () => {
    host = await TestKernel.open();
    recorder = new HeldRecorder();
    settled = () => {};
    const { config, store, log } = host.kernel;
    const records = new RecordingRecords(store);
    queue = new CompositionRecords(store);
    await records.add(RECORDING);
    compositions = new Compositions({
      ...{ config, queue, records, log },
      storage: openStorage(host.kernel, async () => false),
      recorder: recorder as Pick<Recorder, 'isUp' | 'compose' | 'cancelComposition'> as Recorder,
      changed: (row, info) => {
        if (info === null || info.status === 'failed') {
          settled(row);
        }
      },
    });
  });
  afterEach(async () => {
    recorder.onBegun = () => {};
    recorder.crash();
    await compositions.close();
    await host.close();
  });

  const begun = () => new Promise<void>((resolve) => (recorder.onBegun = resolve));

  it('gives a video up that has ended the recorder three times', async () => {
    recorder.onBegun = () => setImmediate(() => recorder.crash());
    const ended = new Promise<CompositionRow>((resolve) => (settled = resolve));
    await compositions.add(RECORDING, { format: 'mp4', layout: 'gallery' });
    assert.deepEqual((await ended).error, 'RECORDER_UNAVAILABLE');
    assert.equal(recorder.begun.length, 3);
    assert.equal(await queue.next(), undefined);
  });

  it('begins no other video of a recording that is being deleted, and leaves nothing of the first', async () => {
    const first = begun();
    const { compositionId } = await compositions.add(RECORDING, { format: 'mp4', layout: 'gallery' });
    await compositions.add(RECORDING, { format: 'mp4', layout: 'speaker' });
    await first;
    const folder = join(
      host.dir,
      'recordings',
      RECORDING.recording_id,
      composingFolderName({ compositionId }),
    );
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'plan'), '');
    await compositions.deleteAll(RECORDING.recording_id);
    assert.deepEqual(recorder.begun, [compositionId]);
    assert.ok(!existsSync(folder));
    assert.deepEqual(await queue.of(RECORDING.recording_id), []);
  });

  it('makes what two people ask for at once only once', async () => {
    const choice = { format: 'mp4', layout: 'gallery' } as const;
    const asked = await Promise.all([1, 2, 3].map(() => compositions.add(RECORDING, choice)));
    assert.equal(new Set(asked.map(({ compositionId }) => compositionId)).size, 1);
    const sounds = await Promise.all(
      (['gallery', 'speaker'] as const).map((layout) =>
        compositions.add(RECORDING, { format: 'opus', layout }),
      ),
    );
    assert.equal(sounds[0]?.compositionId, sounds[1]?.compositionId);
    assert.equal((await queue.of(RECORDING.recording_id)).length, 2);
  });

  it('has places left for other rooms when one room has asked for all that it may', async () => {
    const recorded = async (roomId: string, name: string) => {
      const recording = { ...RECORDING, recording_id: `${roomId}-${name}`, room_id: roomId };
      await new RecordingRecords(host.kernel.store).add(recording);
      return compositions.add(recording, { format: 'mp4', layout: 'gallery' });
    };
    for (let n = 0; n < 10; n += 1) {
      await recorded('team', `${n}`);
    }
    await assert.rejects(recorded('team', 'more'), { code: 'LIMIT_REACHED' });
    await recorded('other', 'first');
  });

  const VIDEO = { format: 'mp4', layout: 'gallery' } as const;
  const numbered = (n: number) => ({ ...RECORDING, recording_id: `recording-${n}` });

  it('takes what a room wants by itself where people may ask for no more, and what people ask for where that has filled it', async () => {
    for (let n = 0; n < 10; n += 1) {
      await compositions.add(numbered(n), VIDEO);
    }
    await assert.rejects(compositions.add(RECORDING, VIDEO), { code: 'LIMIT_REACHED' });
    await compositions.addAutomatic(RECORDING, VIDEO);
    await compositions.deleteAll(numbered(0).recording_id);
    for (let n = 20; n < 40; n += 1) {
      await compositions.addAutomatic(numbered(n), VIDEO);
    }
    await compositions.add(numbered(0), VIDEO);
  });

  it('takes what a room wants by itself only once, and not without end', async () => {
    for (let n = 0; n < 50; n += 1) {
      await compositions.addAutomatic(numbered(n), VIDEO);
    }
    await compositions.addAutomatic(numbered(0), VIDEO);
    assert.equal((await queue.of(numbered(0).recording_id)).length, 1);
    await assert.rejects(compositions.addAutomatic(numbered(50), VIDEO), { code: 'LIMIT_REACHED' });
    await compositions.addAutomatic({ ...numbered(50), room_id: 'other' }, VIDEO);
  });

  it('makes what people ask for before what rooms want by themselves', async () => {
    await compositions.addAutomatic(numbered(1), VIDEO);
    await compositions.addAutomatic(numbered(2), VIDEO);
    assert.equal((await queue.next())?.recording_id, numbered(1).recording_id);
    const first = begun();
    const asked = await compositions.add(RECORDING, VIDEO);
    await first;
    assert.deepEqual(recorder.begun, [asked.compositionId]);
    // What was begun is finished first.
    assert.equal((await queue.next())?.composition_id, asked.compositionId);
    const second = begun();
    await compositions.delete(RECORDING.recording_id, asked.compositionId);
    await second;
    assert.equal((await queue.next())?.recording_id, numbered(1).recording_id);
  });

  it('does not begin a video that is deleted just then', async () => {
    let deleting: Promise<void> | undefined;
    const update = queue.update.bind(queue);
    queue.update = async (compositionId, changes) => {
      const isKept = await update(compositionId, changes);
      deleting ??= compositions.delete(RECORDING.recording_id, compositionId);
      // The deletion goes on while the recorder is about to be asked.
      await new Promise((resolve) => setImmediate(resolve));
      return isKept;
    };
    const gone = new Promise((resolve) => (settled = resolve));
    await compositions.add(RECORDING, { format: 'opus', layout: 'gallery' });
    await gone;
    await deleting;
    assert.deepEqual(recorder.begun, []);
  });
});
