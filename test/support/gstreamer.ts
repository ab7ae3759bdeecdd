import { spawnSync } from 'node:child_process';

/** Whether GStreamer and its bindings for Debian's Python are installed, as live streams need them. */
export function hasGStreamer(): boolean {
  const program =
    "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None); print(all(map(Gst.ElementFactory.find, ['x264enc', 'rtmp2sink', 'textoverlay', 'vp8dec'])))";
  return spawnSync('/usr/bin/python3', ['-c', program], { encoding: 'utf8' }).stdout?.trim() === 'True';
}
