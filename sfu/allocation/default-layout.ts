/** Until a receiver reports its layout, it is assumed to show all videos in an even grid in a window of this size, in device pixels. */
const WINDOW = { width: 1280, height: 720 };

export function defaultLayout(
  producerIds: readonly string[],
): Array<{ producerId: string; width: number; height: number; pinned: boolean }> {
  const columns = Math.max(1, Math.ceil(Math.sqrt(producerIds.length)));
  const rows = Math.max(1, Math.ceil(producerIds.length / columns));
  const width = Math.floor(WINDOW.width / columns);
  const height = Math.floor(WINDOW.height / rows);
  return producerIds.map((producerId) => ({ producerId, width, height, pinned: false }));
}
