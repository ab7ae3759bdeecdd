import type { RecordingEvent, SharedRecording } from '../../contract/index.ts';
import { callApi, type ServerOptions } from './identity/index.ts';
import type { KeptRecordings, RecordedMessage } from './kept-recordings.ts';

/** What happened during a recording, in order; see KeptRecordings.open(). Rejects if the server cannot be reached. */
export async function recordingEvents({ eventsUrl }: { eventsUrl: string }): Promise<RecordingEvent[]> {
  const response = await fetch(eventsUrl);
  const lines = response.ok ? (await response.text()).split('\n') : [];
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as RecordingEvent];
    } catch {
      // The end of the file, or a line that a crash cut short.
      return [];
    }
  });
}

/** What was written in the chat meanwhile, as far as this account may read it, oldest first. @throws {CanopyError} as KeptRecordings.chat() */
export async function recordedChat(source: KeptRecordings, recordingId: string): Promise<RecordedMessage[]> {
  const all: RecordedMessage[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: Awaited<ReturnType<KeptRecordings['chat']>> = await source.chat(recordingId, after);
    all.push(...page.messages);
    after = page.next;
  }
  return all;
}

/**
 * Opens a shared recording with the secret of its link, without an account. Its URLs are used like those of `KeptRecordings.open()`.
 *
 * @throws {CanopyError} RECORDING_LINK_INVALID, ORIGIN_NOT_ALLOWED, RATE_LIMITED, CONNECTION_LOST
 */
export async function openSharedRecording(options: ServerOptions, secret: string): Promise<SharedRecording> {
  const opened = await callApi<SharedRecording>(options, '/api/shared-recordings/open', { secret });
  const absolute = (path: string) => new URL(path, options.serverUrl).href;
  return {
    ...opened,
    tracks: opened.tracks.map((track) => ({ ...track, url: absolute(track.url) })),
    compositions: opened.compositions.map((each) => ({ ...each, url: absolute(each.url) })),
    eventsUrl: absolute(opened.eventsUrl),
  };
}
