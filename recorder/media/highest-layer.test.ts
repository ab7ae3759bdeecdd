import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { layersOf, superframe } from '../../base/rtp/index.ts';
import { loadClip } from '../../bench/index.ts';
import { HighestLayer } from './highest-layer.ts';

/** The pictures of a clip of VP9 with three spatial layers. */
async function pictures(): Promise<Buffer[]> {
  const { frames } = await loadClip('vp9-svc');
  const byTime = new Map<number, Buffer[]>();
  for (const { timestamp, data } of frames) {
    byTime.set(timestamp, [...(byTime.get(timestamp) ?? []), data]);
  }
  return [...byTime.values()].map(superframe);
}

/** The frames that FFmpeg shows: the size and a hash of each. */
function shown(all: readonly Buffer[], decoder: 'vp9' | 'libvpx-vp9'): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'canopy-vp9-'));
  try {
    const file = join(folder, 'clip.ivf');
    writeFileSync(file, ivf(all));
    const options = ['-fps_mode', 'passthrough', '-autoscale', '0', '-f', 'framehash', '-hash', 'md5', '-'];
    const output = execFileSync('ffmpeg', ['-v', 'error', '-c:v', decoder, '-i', file, ...options], {
      encoding: 'utf8',
    });
    return output
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line) => line.split(',').slice(4).join(',').replaceAll(' ', ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function ivf(all: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(32);
  header.write('DKIF');
  header.writeUInt16LE(32, 6);
  header.write('VP90', 8);
  header.writeUInt32LE(30, 16);
  header.writeUInt32LE(1, 20);
  const frames = all.flatMap((data, index) => {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(data.length);
    head.writeUInt32LE(index, 4);
    return [head, data];
  });
  return Buffer.concat([header, ...frames]);
}

describe('HighestLayer', () => {
  it('FFmpeg shows one frame a picture, the same as a decoder that knows of layers', async () => {
    const sent = (await pictures()).slice(0, 90);
    const layers = new HighestLayer();
    const kept = sent.map((picture) => layers.only(picture));
    const wanted = shown(sent, 'libvpx-vp9');
    assert.equal(wanted.length, sent.length);
    assert.ok(shown(sent, 'vp9').length > sent.length, 'as sent, it shows every layer');
    assert.deepEqual(shown(kept, 'vp9'), wanted);
    assert.deepEqual(shown(kept, 'libvpx-vp9'), wanted);
  });

  it('leaves alone what has one layer, or cannot be understood', async () => {
    const [first] = await pictures();
    const [lowest] = layersOf(first ?? Buffer.alloc(0));
    const layers = new HighestLayer();
    for (const data of [
      lowest ?? Buffer.alloc(0),
      Buffer.alloc(0),
      Buffer.of(0xc1),
      Buffer.alloc(40, 0xc9),
    ]) {
      assert.deepEqual(layers.only(data), data);
    }
    for (let cut = 0; cut < (lowest?.length ?? 0); cut += 1) {
      layers.only(superframe([lowest?.subarray(0, cut) ?? Buffer.alloc(0), Buffer.of(0)]));
    }
  });
});
