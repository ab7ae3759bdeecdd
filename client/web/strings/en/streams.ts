/** Keys for programs that send into a room or watch it, and these programs on the roster. */
export const streams = {
  heading: 'Streams: OBS, cameras, screens on a wall',
  /** On the roster. */
  sends: 'Stream, not a verified device',
  watches: 'Watching program, not a verified device',
};
