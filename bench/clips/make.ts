/** Builds every clip that is not in the cache yet, and lists all of them: `node bench/clips/make.ts`. */
import { readClip } from '../../client/node/index.ts';
import { clipFile } from './library.ts';
import { type ClipName, RECIPES } from './recipes.ts';

for (const name of Object.keys(RECIPES) as ClipName[]) {
  const file = await clipFile(name);
  const { info, frames } = await readClip(file);
  const seconds = info.durationTicks / info.clockRateHz;
  const bytes = frames.reduce((sum, { data }) => sum + data.length, 0);
  const rate = `${Math.round((bytes * 8) / seconds / 1000)} kbit/s`;
  process.stdout.write(
    `${name.padEnd(18)}${`${seconds.toFixed(1)} s`.padEnd(9)}${`${frames.length} frames`.padEnd(13)}${rate.padEnd(13)}${file}\n`,
  );
}
