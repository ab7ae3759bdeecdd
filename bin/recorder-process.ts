/** The recorder as a child process of `canopy serve`. */
import { CanopyError, type Config, createLogger, type Logger } from '../base/index.ts';
import type { ComposedFile, RecordingManifest } from '../contract/index.ts';
import { compose, discardComposition, MediaUdp, RecordingFolder, RoomRecorder } from '../recorder/index.ts';
import type { CompositionTask, RecordOptions } from '../signaling/index.ts';
import { becomeChild, failureOf } from './child-process.ts';
import { OwnSessions } from './own-sessions.ts';
import type { FromRecorder, RecorderCommand, ToRecorder } from './recorder-messages.ts';
import { RecorderMetrics } from './recorder-metrics.ts';

/** Interval of reports how far recordings are, in milliseconds. */
const PROGRESS_MS = 2_000;

interface Context {
  config: Config;
  log: Logger;
  sessions: OwnSessions;
}

const recorders = new Map<string, RoomRecorder>();
/** What is being composed, by id. Aborted with an error that says why. */
const compositions = new Map<string, AbortController>();
const udp = new MediaUdp();
const metrics = new RecorderMetrics(() => recorders.size);

let context: Context | undefined;

const child = becomeChild<ToRecorder, FromRecorder>({
  take,
  close: () => {
    for (const composition of compositions.values()) {
      composition.abort(new CanopyError('RECORDER_UNAVAILABLE'));
    }
    return Promise.allSettled([...recorders.values()].map((recorder) => recorder.close()));
  },
  // It finishes every file.
  closeMs: 5_000,
});
setInterval(report, PROGRESS_MS).unref();

async function take(message: ToRecorder): Promise<void> {
  switch (message.type) {
    case 'begin':
      begin(message);
      break;
    case 'command':
      await answer(message);
      break;
    case 'compose':
      await answerComposed(message);
      break;
    case 'cancel-composition':
      compositions.get(message.compositionId)?.abort(new CanopyError('RECORDING_UNKNOWN'));
      break;
    case 'metrics':
      child.send({ type: 'metrics', id: message.id, text: await metrics.registry.metrics() });
      break;
    case 'close':
      await child.exit();
  }
}

function begin({ config, url }: Extract<ToRecorder, { type: 'begin' }>): void {
  const log = createLogger(config.log).child({ part: 'recorder' });
  context = { config, log, sessions: new OwnSessions('recorder', { config, url }) };
  child.send({ type: 'ready' });
}

async function answer({ id, command }: Extract<ToRecorder, { type: 'command' }>): Promise<void> {
  try {
    child.send({ type: 'done', id, manifest: await obey(command) });
  } catch (error) {
    const coded = CanopyError.from(error);
    context?.log.error({ err: error, command: command.name }, 'the recorder could not carry out a command');
    child.send({ type: 'refused', id, error: coded.toJSON() });
  }
}

async function answerComposed({ id, task }: Extract<ToRecorder, { type: 'compose' }>): Promise<void> {
  try {
    child.send({ type: 'composed', id, composed: await composeFile(task) });
  } catch (error) {
    child.send({ type: 'not-composed', id, error: failureOf(error) });
  }
}

async function composeFile(task: CompositionTask): Promise<ComposedFile> {
  const { compositionId, folder } = task;
  const aborting = new AbortController();
  compositions.set(compositionId, aborting);
  try {
    return await compose(new RecordingFolder(folder, requireContext().log), task, {
      signal: aborting.signal,
      onProgress: (percent) => child.send({ type: 'composing', compositionId, percent }),
    });
  } catch (error) {
    // If only this process ends, the next one goes on.
    if (CanopyError.from(error).code !== 'RECORDER_UNAVAILABLE') {
      await discardComposition(folder, task);
    }
    throw error;
  } finally {
    compositions.delete(compositionId);
  }
}

async function obey(command: RecorderCommand): Promise<RecordingManifest | undefined> {
  switch (command.name) {
    case 'start':
      await start(command.options);
      return undefined;
    case 'set-paused':
      await recorders.get(command.recordingId)?.setPaused(command.pausedAtMs);
      return undefined;
    case 'stop':
      return stop(command.recordingId);
    case 'repair':
      return new RecordingFolder(command.folder, requireContext().log).repair();
  }
}

async function start(options: RecordOptions): Promise<void> {
  const { config, log, sessions } = requireContext();
  const { recordingId } = options;
  const recorder = new RoomRecorder({
    ...options,
    maxBitrateBps: config.recording.maxKbps * 1000,
    join: (roomId) => sessions.join(roomId, { takesVideo: options.mode === 'video' }),
    udp,
    log,
  });
  // At once: it may be paused or stopped while it begins.
  recorders.set(recordingId, recorder);
  recorder.once('ended', (error) => {
    recorders.delete(recordingId);
    child.send({ type: 'ended', recordingId, error: error.toJSON() });
  });
  try {
    await recorder.begin();
  } catch (error) {
    recorders.delete(recordingId);
    throw error;
  }
}

/** @throws {CanopyError} RECORDER_UNAVAILABLE - the server has not said yet what to do */
function requireContext(): Context {
  if (context === undefined) {
    throw new CanopyError('RECORDER_UNAVAILABLE');
  }
  return context;
}

async function stop(recordingId: string): Promise<RecordingManifest | undefined> {
  const recorder = recorders.get(recordingId);
  recorders.delete(recordingId);
  return recorder?.close();
}

function report(): void {
  for (const [recordingId, { durationMs, bytes }] of recorders) {
    child.send({ type: 'progress', recordingId, durationMs, bytes });
  }
}
