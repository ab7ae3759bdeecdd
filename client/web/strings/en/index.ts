import { appearance } from './appearance.ts';
import { arrivals } from './arrivals.ts';
import { common } from './common.ts';
import { controls } from './controls.ts';
import { errors } from './errors.ts';
import { listed } from './forms.ts';
import { hands } from './hands.ts';
import { panels } from './panels.ts';
import { room } from './room.ts';
import { shortcuts } from './shortcuts.ts';
import { tile } from './tile.ts';

/** The English strings. Their shape is the one that every other language has to have. */
export const en = {
  listed,
  appearance,
  arrivals,
  common,
  controls,
  errors,
  hands,
  panels,
  room,
  shortcuts,
  tile,
};
