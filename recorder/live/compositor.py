"""Composes the streams of a room to one picture and one sound, and sends them to an RTMP server or writes them as HLS.

A process of its own, which room-broadcaster.ts starts. Standard input has commands, one JSON object a line; standard output has events in the same
form. File descriptor 3 has RTP packets, each after the number of its stream and its length (16 bits each, big-endian).
"""

import contextlib
import json
import os
import struct
import sys
import threading

# What libraries print is not an event.
EVENTS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def emit(event, **details):
    print(json.dumps({"event": event, **details}), file=EVENTS, flush=True)


try:
    import gi

    gi.require_version("Gst", "1.0")
    from gi.repository import Gio, GLib, Gst

    from hls_output import HlsOutput
except (ImportError, ValueError):
    emit("missing", parts=["bindings for Python"])
    sys.exit(1)

# How long packets are waited for, in milliseconds, and what that delays the output by, decoding included.
JITTER_MS = 200
LATENCY_MS = 800
# More than RTMP's handshake and commands take.
FLOWING_BYTES = 20_000
DEPAYLOADERS = {"opus": "rtpopusdepay", "vp8": "rtpvp8depay", "vp9": "rtpvp9depay", "h264": "rtph264depay"}
DECODERS = {"opus": "opusdec", "vp8": "vp8dec", "vp9": "vp9dec", "h264": "openh264dec"}
OTHER_ELEMENTS = (
    "aacparse appsrc audioconvert audiomixer audioresample audiotestsrc capsfilter compositor flvmux h264parse mpegtsmux "
    "queue rtmp2sink rtpjitterbuffer splitmuxsink textoverlay videoconvert videotestsrc voaacenc x264enc"
).split()


def missing_parts():
    elements = [*OTHER_ELEMENTS, *DEPAYLOADERS.values(), *DECODERS.values()]
    missing = [name for name in elements if Gst.ElementFactory.find(name) is None]
    if not Gio.TlsBackend.get_default().supports_tls():
        missing.append("TLS")
    return missing


def make(bin_, factory, **properties):
    element = Gst.ElementFactory.make(factory)
    for name, value in properties.items():
        element.set_property(name.replace("_", "-"), value)
    bin_.add(element)
    return element


def chain(*elements):
    for one, other in zip(elements, elements[1:]):
        one.link(other)


class Input:
    """A received stream, from packets to a pad of the compositor or the mixer."""

    def __init__(self, pipeline, target, command):
        self.number = command["number"]
        self.bin = Gst.Bin.new(f"input{self.number}")
        codec = command["codec"]
        media = "audio" if codec == "opus" else "video"
        caps = f"application/x-rtp,media={media},clock-rate={command['clockRate']},encoding-name={codec.upper()},payload={command['payloadType']}"
        self.source = make(self.bin, "appsrc", is_live=True, do_timestamp=True, format=Gst.Format.TIME, max_bytes=4_000_000)
        self.source.set_property("caps", Gst.Caps.from_string(caps))
        buffer = make(self.bin, "rtpjitterbuffer", latency=JITTER_MS, do_lost=media == "audio")
        depayloader = make(self.bin, DEPAYLOADERS[codec])
        decoder = make(self.bin, DECODERS[codec])
        queue = make(self.bin, "queue", leaky=2, max_size_time=Gst.SECOND, max_size_bytes=0, max_size_buffers=0)
        self.overlay = None
        if media == "audio":
            decoder.set_property("plc", True)
            convert, resample = make(self.bin, "audioconvert"), make(self.bin, "audioresample")
            chain(self.source, buffer, depayloader, decoder, convert, resample, queue)
        else:
            convert = make(self.bin, "videoconvert")
            self.overlay = make(self.bin, "textoverlay", text="", valignment=1, halignment=0, shaded_background=True)
            chain(self.source, buffer, depayloader, decoder, convert, self.overlay, queue)
            # The decoder needs a key frame, at the start and after a loss.
            self.source.get_static_pad("src").add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self.upstream)
        self.bin.add_pad(Gst.GhostPad.new("src", queue.get_static_pad("src")))
        pipeline.add(self.bin)
        self.target = target
        self.pad = target.request_pad_simple("sink_%u")
        if media == "video":
            # Nothing is shown before the first layout.
            self.pad.set_property("alpha", 0.0)
            self.pad.set_property("sizing-policy", 1)
        self.bin.get_static_pad("src").link(self.pad)
        self.bin.sync_state_with_parent()

    def upstream(self, _pad, info):
        structure = info.get_event().get_structure()
        if structure is not None and structure.get_name() == "GstForceKeyUnit":
            emit("key-frame", number=self.number)
        return Gst.PadProbeReturn.OK

    def place(self, tile):
        if tile is None:
            self.pad.set_property("alpha", 0.0)
            return
        for name in ("xpos", "ypos", "width", "height"):
            self.pad.set_property(name, tile[name])
        self.overlay.set_property("text", GLib.markup_escape_text(tile["name"]))
        self.pad.set_property("alpha", 1.0)

    def remove(self, pipeline):
        source = self.bin.get_static_pad("src")

        def idle(_pad, _info):
            GLib.idle_add(finish)
            return Gst.PadProbeReturn.REMOVE

        def finish():
            if self.bin.get_parent() is None:
                return False
            source.unlink(self.pad)
            self.target.release_request_pad(self.pad)
            self.bin.set_state(Gst.State.NULL)
            pipeline.remove(self.bin)
            return False

        source.add_probe(Gst.PadProbeType.IDLE, idle)


class Composition:
    def __init__(self, loop, command):
        self.loop = loop
        self.inputs = {}
        self.is_flowing = False
        self.pipeline = Gst.Pipeline.new("live")
        self.pipeline.set_latency(LATENCY_MS * Gst.MSECOND)
        width, height, rate = command["width"], command["height"], command["framesPerSecond"]
        self.compositor = make(self.pipeline, "compositor", background=1)
        self.mixer = make(self.pipeline, "audiomixer")
        # Without anybody there is a black picture and silence, so that the output goes on.
        black = make(self.pipeline, "videotestsrc", is_live=True, pattern=2)
        size = make(self.pipeline, "capsfilter")
        size.set_property("caps", Gst.Caps.from_string(f"video/x-raw,width={width},height={height},framerate={rate}/1"))
        silence = make(self.pipeline, "audiotestsrc", is_live=True, wave=4)
        chain(black, size, self.compositor)
        chain(silence, self.mixer)
        video_caps = make(self.pipeline, "capsfilter")
        video_caps.set_property(
            "caps", Gst.Caps.from_string(f"video/x-raw,format=I420,width={width},height={height},framerate={rate}/1")
        )
        audio_caps = make(self.pipeline, "capsfilter")
        audio_caps.set_property("caps", Gst.Caps.from_string("audio/x-raw,rate=48000,channels=2"))
        encoder = make(
            self.pipeline,
            "x264enc",
            bitrate=command["videoKbps"],
            key_int_max=2 * rate,
            bframes=0,
            threads=command["threads"],
            tune="zerolatency",
            speed_preset="veryfast",
        )
        parser = make(self.pipeline, "h264parse", config_interval=-1)
        aac, aac_parser = make(self.pipeline, "voaacenc", bitrate=1000 * command["audioKbps"]), make(self.pipeline, "aacparse")
        queues = [make(self.pipeline, "queue", max_size_time=4 * Gst.SECOND, max_size_bytes=0, max_size_buffers=0) for _ in range(4)]
        chain(self.compositor, video_caps, queues[0], encoder, parser, queues[1])
        convert = make(self.pipeline, "audioconvert")
        chain(self.mixer, convert, audio_caps, queues[2], aac, aac_parser, queues[3])
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        self.out(command["output"], bus, queues[1], queues[3])
        bus.connect("message::error", self.failed)
        self.pipeline.set_state(Gst.State.PLAYING)

    def out(self, output, bus, video, audio):
        if "rtmp" in output:
            mux = make(self.pipeline, "flvmux", streamable=True, latency=Gst.SECOND)
            # The key by itself: as a part of the address it would be decoded.
            sink = make(self.pipeline, "rtmp2sink", location=f"{output['rtmp']}/-", stream=output["key"], sync=False)
            video.link_pads("src", mux, "video")
            audio.link_pads("src", mux, "audio")
            chain(mux, sink)
            self.await_bytes(sink)
        else:
            sink = HlsOutput(output["hls"], bus, self.flows).sink
            self.pipeline.add(sink)
            video.link_pads("src", sink, "video")
            audio.link_pads("src", sink, "audio_%u")

    def await_bytes(self, sink):
        # Buffers reach the sink before it is connected.
        def check():
            sent = sink.get_property("stats").get_value("out-bytes-total") or 0
            if sent >= FLOWING_BYTES:
                self.flows()
            return not self.is_flowing

        GLib.timeout_add(200, check)

    def flows(self):
        if not self.is_flowing:
            self.is_flowing = True
            emit("flowing")

    def failed(self, _bus, message):
        error, _debug = message.parse_error()
        source = message.src
        while source is not None and source.get_parent() is not self.pipeline:
            source = source.get_parent()
        number = next((each.number for each in self.inputs.values() if each.bin is source), None)
        if number is not None:
            # A stream that cannot be decoded ends alone.
            self.remove({"number": number})
            emit("input-failed", number=number, reason=error.message)
        else:
            emit("failed", reason=error.message)
            self.loop.quit()

    def add(self, command):
        target = self.mixer if command["codec"] == "opus" else self.compositor
        self.inputs[command["number"]] = Input(self.pipeline, target, command)

    def remove(self, command):
        removed = self.inputs.pop(command["number"], None)
        if removed is not None:
            removed.remove(self.pipeline)

    def layout(self, command):
        tiles = {tile["number"]: tile for tile in command["tiles"]}
        for each in self.inputs.values():
            if each.overlay is not None:
                each.place(tiles.get(each.number))

    def packet(self, number, payload):
        received = self.inputs.get(number)
        if received is not None:
            received.source.emit("push-buffer", Gst.Buffer.new_wrapped(payload))

    def stop(self, _command):
        self.pipeline.send_event(Gst.Event.new_eos())
        bus = self.pipeline.get_bus()
        bus.connect("message::eos", lambda *_: self.loop.quit())
        GLib.timeout_add(2000, self.loop.quit)


def read_packets(composition):
    with os.fdopen(3, "rb", buffering=1 << 16) as stream:
        while True:
            head = stream.read(4)
            if len(head) < 4:
                return
            number, length = struct.unpack(">HH", head)
            payload = stream.read(length)
            composition.packet(number, payload)


def main():
    Gst.init(None)
    loop = GLib.MainLoop()
    missing = missing_parts()
    if missing:
        emit("missing", parts=missing)
        return 1
    if "--check" in sys.argv:
        return 0
    # What somebody sends may take much memory to decode: then the kernel ends this process, and no other.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
    composition = Composition(loop, json.loads(sys.stdin.readline()))
    threading.Thread(target=read_packets, args=(composition,), daemon=True).start()

    def obey(command):
        getattr(composition, command["do"])(command)
        return False

    def read_commands():
        for line in sys.stdin:
            GLib.idle_add(obey, json.loads(line))
        # The broadcaster has gone. The stream goes on with the next one, so nobody is told that it has ended.
        os._exit(1)

    threading.Thread(target=read_commands, daemon=True).start()
    loop.run()
    composition.pipeline.set_state(Gst.State.NULL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
