import { rename, rm, stat } from 'node:fs/promises';
import {
  EncodedAudioPacketSource,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  FilePathSource,
  FilePathTarget,
  Input,
  type InputAudioTrack,
  type InputVideoTrack,
  MATROSKA,
  MkvOutputFormat,
  Output,
  WEBM,
  WebMOutputFormat,
} from 'mediabunny';
import { settleSizes } from './settle-sizes.ts';

/**
 * Rewrites a file that its process left unfinished, with an index and up to its last complete packet. The file is replaced only once the new
 * one is whole.
 *
 * @returns its length in milliseconds and its size; undefined: it holds no packet, and was deleted, or there is none
 * @throws Error the file is damaged, or the disk failed, or `signal` aborted: then the file stays, with all that it held
 */
export async function repairTrack(
  path: string,
  signal?: AbortSignal,
): Promise<{ durationMs: number; bytes: number } | undefined> {
  const repaired = `${path}.repaired`;
  if (!(await holdsBlocks(path))) {
    await rm(path, { force: true });
    return undefined;
  }
  const input = new Input({ source: new FilePathSource(path), formats: [MATROSKA, WEBM] });
  try {
    const durationMs = await copy(input, repaired, { isMkv: path.endsWith('.mkv'), signal });
    await rename(repaired, path);
    return { durationMs, bytes: (await stat(path)).size };
  } finally {
    input.dispose();
    await rm(repaired, { force: true });
  }
}

async function holdsBlocks(path: string): Promise<boolean> {
  try {
    return (await settleSizes(path)) > 0;
  } catch (error) {
    // The process died before it created the file.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

async function copy(
  input: Input,
  to: string,
  { isMkv, signal }: { isMkv: boolean; signal: AbortSignal | undefined },
): Promise<number> {
  const track = (await input.getPrimaryVideoTrack()) ?? (await input.getPrimaryAudioTrack());
  if (track === null) {
    throw new Error('the file has no track');
  }
  const output = new Output({
    format: isMkv ? new MkvOutputFormat() : new WebMOutputFormat(),
    target: new FilePathTarget(to),
  });
  try {
    const source = addTrack(output, track);
    await output.start();
    const meta = { decoderConfig: await track.getDecoderConfig() };
    let endMs = 0;
    for await (const packet of new EncodedPacketSink(track).packets()) {
      signal?.throwIfAborted();
      await source.add(packet, meta as never);
      endMs = Math.max(endMs, 1000 * (packet.timestamp + packet.duration));
    }
    await output.finalize();
    return Math.round(endMs);
  } catch (error) {
    // Closes the copy.
    await output.cancel();
    throw error;
  }
}

function addTrack(output: Output, track: InputVideoTrack | InputAudioTrack) {
  if (track.isVideoTrack()) {
    const source = new EncodedVideoPacketSource(track.codec as 'vp8' | 'vp9' | 'avc');
    output.addVideoTrack(source);
    return source;
  }
  const source = new EncodedAudioPacketSource('opus');
  output.addAudioTrack(source);
  return source;
}
