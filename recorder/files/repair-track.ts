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
 * @returns its length in milliseconds and its size; undefined: it holds no packet, and was deleted
 */
export async function repairTrack(path: string): Promise<{ durationMs: number; bytes: number } | undefined> {
  const repaired = `${path}.repaired`;
  await settleSizes(path);
  const input = new Input({ source: new FilePathSource(path), formats: [MATROSKA, WEBM] });
  try {
    const durationMs = await copy(input, repaired, path.endsWith('.mkv'));
    if (durationMs === undefined) {
      await rm(path);
      return undefined;
    }
    await rename(repaired, path);
    return { durationMs, bytes: (await stat(path)).size };
  } finally {
    input.dispose();
    await rm(repaired, { force: true });
  }
}

async function copy(input: Input, to: string, isMkv: boolean): Promise<number | undefined> {
  const track = await readableTrack(input);
  if (track === undefined) {
    return undefined;
  }
  const output = new Output({
    format: isMkv ? new MkvOutputFormat() : new WebMOutputFormat(),
    target: new FilePathTarget(to),
  });
  const source = addTrack(output, track);
  await output.start();
  const meta = { decoderConfig: await track.getDecoderConfig() };
  let endMs = 0;
  for await (const packet of new EncodedPacketSink(track).packets()) {
    await source.add(packet, meta as never);
    endMs = Math.max(endMs, 1000 * (packet.timestamp + packet.duration));
  }
  await output.finalize();
  return Math.round(endMs);
}

/** The file's track; undefined if the process died before it had written a packet. */
async function readableTrack(input: Input): Promise<InputVideoTrack | InputAudioTrack | undefined> {
  try {
    const track = (await input.getPrimaryVideoTrack()) ?? (await input.getPrimaryAudioTrack());
    return track && (await new EncodedPacketSink(track).getFirstPacket()) ? track : undefined;
  } catch {
    return undefined;
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
