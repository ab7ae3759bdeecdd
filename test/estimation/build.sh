#!/usr/bin/env bash
#
# build.sh WORKER OUTPUT [FLAG...]
#
# Compiles replay.cpp with the bandwidth estimation of the worker's sources in folder WORKER, and puts the program at OUTPUT.
# FLAGs are for the compiler. Needs Debian's libraries (deploy/setup/system-packages.mjs).

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
worker=$1
output=$2
flags=("${@:3}")
build=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$build"' EXIT

# As the worker's fbs/FBS/meson.build.
flatc --cpp --cpp-field-case-style lower --reflect-names --scoped-enums --filename-suffix '' -o "$build/FBS" "$worker"/fbs/*.fbs

# Several sources as one save most of the time, which goes into reading headers.
together() {
  for source in "$@"; do
    printf '#include "%s"\n#undef MS_CLASS\n' "$source"
  done
}
mapfile -t webrtc < <(sed -n "s|^  '\(libwebrtc/.*\.cc\)',|$worker/deps/libwebrtc/\1|p" "$worker/deps/libwebrtc/meson.build")
together "${webrtc[@]:0:15}" >"$build/webrtc1.cpp"
together "${webrtc[@]:15:15}" >"$build/webrtc2.cpp"
together "${webrtc[@]:30}" >"$build/webrtc3.cpp"
together "$worker"/src/RTC/RTCP/{Feedback,FeedbackRtpTransport,Packet}.cpp >"$build/rtcp.cpp"
together "$worker"/src/RTC/{TransportCongestionControlClient,TrendCalculator,SeqManager,Serializable}.cpp \
  "$worker"/src/RTC/RTP/{Packet,ProbationGenerator}.cpp >"$build/rtp.cpp"
together "$worker"/src/{Logger,Settings,DepLibUV,MediaSoupErrors}.cpp "$worker"/src/Utils/{Crypto,String,IP}.cpp >"$build/base.cpp"
together "$here/replay.cpp" >"$build/replay.cpp"

for source in "$build"/*.cpp; do
  c++ -std=c++20 -O2 -w -ffunction-sections -fdata-sections "${flags[@]}" \
    -DNDEBUG -DMS_LITTLE_ENDIAN -DFLATBUFFERS_LOCALE_INDEPENDENT=true \
    -I"$here" -I"$build" -I"$worker" -I"$worker/include" -I"$worker/deps/libwebrtc" -I"$worker/deps/libwebrtc/libwebrtc" \
    -I"$here/../../deploy/setup/mediasoup-worker/subprojects/unordered-dense/include" \
    -c "$source" -o "${source%.cpp}.o"
done
# What the estimation does not use is missing, and not linked.
c++ "${flags[@]}" -o "$output" "$build"/*.o -Wl,--gc-sections -luv -lcrypto $(pkg-config --libs --static absl_strings absl_optional)
