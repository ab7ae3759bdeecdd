import { Counter, Gauge, type Registry } from 'prom-client';
import type { RecordingStorageState } from '../../../kernel/index.ts';

/** Registers the metrics of the bucket for recordings. @returns what counts */
export function storageMetrics(
  registry: Registry,
  state?: () => Promise<RecordingStorageState | undefined>,
): { uploaded(bytes: number): void; failed(): void } {
  const gauge = (name: string, help: string, of: (state: RecordingStorageState) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        // The last value would look like the present one.
        this.reset();
        const known = await state?.().catch(() => undefined);
        if (known) {
          this.set(of(known));
        }
      },
    });
  gauge(
    'canopy_recording_bucket_up',
    'Whether the last use of the bucket for recordings succeeded (1) or not (0)',
    (known) => (known.problem === null ? 1 : 0),
  );
  gauge(
    'canopy_recording_files_waiting',
    'Files of recordings that wait for their upload',
    ({ waiting }) => waiting,
  );
  gauge(
    'canopy_recording_waiting_bytes',
    'Size of these files, which are only on this disk',
    (known) => known.waitingBytes,
  );
  gauge(
    'canopy_recording_waiting_seconds',
    'How long the oldest of these files has waited',
    ({ waitingSinceMs }) => (waitingSinceMs === null ? 0 : Math.max(0, (Date.now() - waitingSinceMs) / 1000)),
  );
  gauge(
    'canopy_recording_files_deleting',
    'Files of deleted recordings that are to be deleted in the bucket',
    (known) => known.deleting,
  );
  const uploaded = new Counter({
    name: 'canopy_recording_uploaded_bytes_total',
    help: 'What was uploaded to the bucket for recordings',
    registers: [registry],
  });
  const failures = new Counter({
    name: 'canopy_recording_bucket_failures_total',
    help: 'Failed attempts to upload to the bucket for recordings, or to delete there',
    registers: [registry],
  });
  return { uploaded: (bytes) => uploaded.inc(bytes), failed: () => failures.inc() };
}
