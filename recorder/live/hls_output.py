"""Writes a stream as HLS: segments, and a playlist of the latest ones (RFC 8216). It goes on with the playlist that an earlier process left."""

import contextlib
import os

from gi.repository import Gst

SEGMENT_SECONDS = 2
LISTED = 6
# Somebody may still load what the playlist had a moment ago.
KEPT = 6


class Playlist:
    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "live.m3u8")
        # Lines of each segment, the last of which is its file.
        self.segments = []
        self.first = 0
        self.discontinuities = 0
        self.is_interrupted = False
        with contextlib.suppress(FileNotFoundError), open(self.path) as file:
            self.read(file.read().splitlines())

    def read(self, lines):
        segment = []
        for line in lines:
            tag, _, value = line.partition(":")
            if tag == "#EXT-X-MEDIA-SEQUENCE":
                self.first = int(value)
            elif tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
                self.discontinuities = int(value)
            elif tag in ("#EXTINF", "#EXT-X-DISCONTINUITY"):
                segment.append(line)
            elif line and not line.startswith("#"):
                self.segments.append([*segment, line])
                segment = []
        self.is_interrupted = len(self.segments) > 0

    @property
    def next(self):
        return self.first + len(self.segments)

    def add(self, file, seconds):
        gap = ["#EXT-X-DISCONTINUITY"] if self.is_interrupted else []
        self.is_interrupted = False
        self.segments.append([*gap, f"#EXTINF:{seconds:.3f},", file])
        while len(self.segments) > LISTED:
            self.discontinuities += "#EXT-X-DISCONTINUITY" in self.segments.pop(0)
            self.first += 1
        self.write()
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(self.folder, segment_file(self.first - KEPT - 1)))

    def write(self):
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            f"#EXT-X-TARGETDURATION:{SEGMENT_SECONDS}",
            f"#EXT-X-MEDIA-SEQUENCE:{self.first}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self.discontinuities}",
            *(line for segment in self.segments for line in segment),
        ]
        # Nobody reads half of it.
        with open(f"{self.path}.new", "w") as file:
            file.write("\n".join(lines) + "\n")
        os.replace(f"{self.path}.new", self.path)


def segment_file(number):
    return f"{number:06d}.ts"


class HlsOutput:
    """Splits the stream at key frames and lists each part once it is complete. `sink` takes what is encoded; `listed` is called after each part."""

    def __init__(self, folder, bus, listed):
        self.listed = listed
        self.playlist = Playlist(folder)
        self.opened = self.playlist.next
        self.began = {}
        self.sink = Gst.ElementFactory.make("splitmuxsink")
        self.sink.set_property("muxer", Gst.ElementFactory.make("mpegtsmux"))
        self.sink.set_property("max-size-time", SEGMENT_SECONDS * Gst.SECOND)
        self.sink.set_property("send-keyframe-requests", True)
        # Time stamps go on from one segment to the next.
        self.sink.set_property("reset-muxer", False)
        self.sink.connect("format-location", self.locate)
        bus.connect("message::element", self.take)

    def locate(self, _sink, _number):
        file = segment_file(self.opened)
        self.opened += 1
        return os.path.join(self.playlist.folder, file)

    def take(self, _bus, message):
        structure = message.get_structure()
        name = structure.get_name()
        if name in ("splitmuxsink-fragment-opened", "splitmuxsink-fragment-closed"):
            location, time = structure.get_value("location"), structure.get_value("running-time")
            if name == "splitmuxsink-fragment-opened":
                self.began[location] = time
            else:
                self.playlist.add(os.path.basename(location), (time - self.began.pop(location)) / Gst.SECOND)
                self.listed()
