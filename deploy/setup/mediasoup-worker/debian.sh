# Part of build.sh for Debian: sets `meson` and puts the subprojects beside this file, which link
# Debian's libraries, in the place of those that would be downloaded.

mkdir -p "$build"/{apt/lists/partial,apt/cache/archives/partial,libsrtp2}

# An apt apart from the system's, which also knows the release's source packages
# and its backports, from the mirror that the system's own apt uses.
private() {
  "$1" -qq \
    -o APT::Sandbox::User=root \
    -o Dir::Etc::SourceList="$build/apt/sources.list" \
    -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$build/apt/lists" \
    -o Dir::Cache="$build/apt/cache" \
    "${@:2}"
}
mirror=$(
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$VERSION_CODENAME" '$1 == release && $2 == "main" && !found++ { print $3 }'
)
if [[ -z $mirror ]]; then
  echo 'apt knows no packages of this release. Run `sudo apt-get update`, then this again.'
  exit 1
fi
signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
cat >"$build/apt/sources.list" <<END
deb-src $signed $mirror $VERSION_CODENAME main
deb $signed $mirror $VERSION_CODENAME main
deb $signed $mirror $VERSION_CODENAME-backports main
END
private apt-get update

# mediasoup asks for Meson 1.1: Debian 12 has 1.0 and, in its backports, 1.7; newer releases need no backport.
meson=(meson)
if ! has_meson; then
  (
    cd "$build/apt"
    private apt-get download "meson/$VERSION_CODENAME-backports" 2>/dev/null || private apt-get download meson
  )
  dpkg -x "$build"/apt/meson_*.deb "$build/meson"
  meson=(
    env PYTHONPATH="$build/meson/usr/lib/python3/dist-packages"
    /usr/bin/python3 "$build/meson/usr/bin/meson"
  )
fi

# The worker allocates memory for each packet, for which jemalloc needs less CPU than glibc. A sanitizer has an allocator of its own.
if [[ ${LDFLAGS:-} != *-fsanitize* ]]; then
  (cd "$build/apt" && private apt-get download libjemalloc-dev)
  dpkg -x "$build"/apt/libjemalloc-dev_*.deb "$build/jemalloc"
  jemalloc=$(find "$build/jemalloc" -name libjemalloc_pic.a)
  export LDFLAGS="${LDFLAGS:-} -Wl,--undefined=malloc $jemalloc -lm"
fi

rm -rf "$build/worker/subprojects"
cp -r "$here/subprojects" "$build/worker/subprojects"
(cd "$build/apt" && private apt-get source --download-only --tar-only libsrtp2)
tar -xf "$build"/apt/libsrtp2_*.orig.tar.* -C "$build/libsrtp2" --strip-components=1
mv "$build/libsrtp2" "$build/worker/subprojects/"
