"""Watches a room by WHEP with aiortc, for the tests: prints a line of JSON about each picture and each second of sound.

Usage: whep-viewer.py URL KEY
"""

import array
import asyncio
import json
import math
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription


def say(**what):
    print(json.dumps(what), flush=True)


def ask(method, url, key, sdp=""):
    headers = {"Authorization": f"Bearer {key}"}
    if sdp:
        headers["Content-Type"] = "application/sdp"
    request = urllib.request.Request(url, sdp.encode() or None, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.headers["Location"], answer.read().decode()
    except urllib.error.HTTPError as error:
        say(refused=json.loads(error.read()))
        raise


def mean(plane, width, height):
    """The mean of a plane's middle, whose lines may be padded."""
    data, size = bytes(plane), plane.line_size
    lines = range(height // 4, height * 3 // 4, 8)
    values = [value for line in lines for value in data[line * size + width // 4 : line * size + width * 3 // 4 : 8]]
    return sum(values) / len(values)


async def watch_video(track):
    while True:
        frame = await track.recv()
        picture = frame.reformat(format="yuv420p")
        y, u, v = picture.planes
        colour = [round(mean(plane, plane.width, plane.height)) for plane in (y, u, v)]
        say(video={"width": frame.width, "height": frame.height, "yuv": colour})


async def watch_audio(track):
    """Counts where the left channel crosses zero: twice per period of a tone."""
    samples, crossings, energy, last = 0, 0, 0, 0
    while True:
        frame = await track.recv()
        left = array.array("h", bytes(frame.planes[0])[: frame.samples * 4])[::2]
        for value in left:
            crossings += (value >= 0) != (last >= 0)
            energy += value * value
            last = value
        samples += len(left)
        if samples >= frame.sample_rate:
            loudness = 10 * math.log10(max(1, energy / samples) / 32768**2)
            say(audio={"hz": round(crossings / 2 * frame.sample_rate / samples), "dbfs": round(loudness)})
            samples, crossings, energy = 0, 0, 0


async def main(url, key):
    connection = RTCPeerConnection()
    connection.addTransceiver("audio", direction="recvonly")
    connection.addTransceiver("video", direction="recvonly")
    tasks = []

    @connection.on("track")
    def on_track(track):
        watch = watch_audio if track.kind == "audio" else watch_video
        tasks.append(asyncio.ensure_future(watch(track)))

    @connection.on("connectionstatechange")
    def on_state():
        say(state=connection.connectionState)

    await connection.setLocalDescription(await connection.createOffer())
    location, sdp = await asyncio.to_thread(ask, "POST", url, key, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
    told_to_end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_end.set)
    await told_to_end.wait()
    for task in tasks:
        task.cancel()
    await asyncio.to_thread(ask, "DELETE", urllib.parse.urljoin(url, location), key)
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
