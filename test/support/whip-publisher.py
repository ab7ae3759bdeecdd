"""Sends a colour and a tone into a room by WHIP with FFmpeg's muxer, for the tests, until it is told to end.

Usage: whip-publisher.py URL KEY CERTIFICATE PRIVATE_KEY. FFmpeg with GnuTLS would make a key on a curve that WebRTC does not have.
"""

import array
import math
import signal
import sys
import time
from fractions import Fraction

import av

TONE_HZ = 440
AMPLITUDE = 12_000
RATE = 48_000
FRAMES_PER_SECOND = 25
WIDTH, HEIGHT = 640, 360
# Red, as Y, U and V.
COLOUR = (81, 90, 240)
OPUS_SAMPLES = RATE // 50

going = True


def end(*_):
    global going
    going = False


def picture(count):
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, value in zip(frame.planes, COLOUR):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts, frame.time_base = count, Fraction(1, FRAMES_PER_SECOND)
    return frame


def sound(first):
    samples = array.array("h")
    for index in range(first, first + OPUS_SAMPLES):
        value = int(AMPLITUDE * math.sin(2 * math.pi * TONE_HZ * index / RATE))
        samples.extend((value, value))
    frame = av.AudioFrame("s16", "stereo", OPUS_SAMPLES)
    frame.planes[0].update(samples.tobytes())
    frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
    return frame


def main(url, key, certificate, private_key):
    signal.signal(signal.SIGTERM, end)
    options = {"authorization": key, "cert_file": certificate, "key_file": private_key}
    output = av.open(url, "w", format="whip", options=options)
    encoding = {"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency", "g": "25", "bf": "0"}
    video = output.add_stream("libx264", rate=FRAMES_PER_SECOND, options=encoding)
    video.width, video.height, video.pix_fmt, video.bit_rate = WIDTH, HEIGHT, "yuv420p", 400_000
    audio = output.add_stream("libopus", rate=RATE)
    audio.layout, audio.bit_rate = "stereo", 64_000
    began, pictures, samples = time.monotonic(), 0, 0
    while going:
        for packet in video.encode(picture(pictures)):
            output.mux(packet)
        pictures += 1
        while samples * FRAMES_PER_SECOND < pictures * RATE:
            for packet in audio.encode(sound(samples)):
                output.mux(packet)
            samples += OPUS_SAMPLES
        time.sleep(max(0, began + pictures / FRAMES_PER_SECOND - time.monotonic()))
    # Sends a DELETE.
    output.close()


main(*sys.argv[1:])
