/** This user’s own tile. */
export const own = {
  menu: 'Your video',
  move: 'Move to another corner',
  float: 'Show in a corner',
  tile: 'Show as a tile',
  hide: 'Hide from yourself',
  show: 'Show your own video',
};
