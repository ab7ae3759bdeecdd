#!/usr/bin/env bash
#
# build.sh PACKAGE OUTPUT
#
# Builds the worker of the npm package of mediasoup in folder PACKAGE, with the
# patches beside this script, and puts it at OUTPUT. Works in a folder beside OUTPUT.
#
# On Debian it links Debian's libraries (../system-packages.mjs, installed by now).
# Elsewhere it builds the libraries that mediasoup names in its .wrap files, which
# Meson downloads from GitHub and checks by their SHA-256. That needs a C++20
# compiler, Python 3 with pip (or Meson 1.1 and Ninja) and patch.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
package=$1
output=$2
build=$(dirname "$output")/build

rm -rf "$build"
mkdir -p "$build"

ID=unknown
[[ -r /etc/os-release ]] && . /etc/os-release

has_meson() {
  [[ $(printf '%s\n' 1.1 "$(meson --version 2>/dev/null || echo 0)" | sort -V | head -n 1) == 1.1 ]]
}

# The worker's sources, patched.
cp -r "$package/worker" "$build/worker"
for patch in "$here"/*.patch; do
  patch -d "$build/worker" -p1 <"$patch"
done
rm -rf "$build/worker/out"

if [[ $ID == debian ]]; then
  . "$here/debian.sh"
elif has_meson; then
  meson=(meson)
else
  python3 -m pip install --quiet --target "$build/python" 'meson>=1.1' ninja
  export PATH=$build/python/bin:$PATH
  meson=(env PYTHONPATH="$build/python" python3 -m mesonbuild.mesonmain)
fi

# The options of a release, as in mediasoup's own worker/tasks.py.
"${meson[@]}" setup --buildtype release -Db_ndebug=true --unity on -Dunity_size=8 "$build/out" "$build/worker"
"${meson[@]}" compile -C "$build/out" mediasoup-worker

mv "$build/out/mediasoup-worker" "$output"
rm -rf "$build"
