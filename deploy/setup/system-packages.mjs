/**
 * @typedef {'start' | 'test' | 'test-long' | 'bench' | 'worker-build'} Purpose
 *
 * @typedef {object} SystemPackage
 * @property {string} debian its name in Debian
 * @property {Purpose[]} for what needs it
 * @property {Purpose[]} [optionalFor] what does without it, if less well
 * @property {string} why what it is needed for, in plain words
 * @property {string[]} [programs] it counts as present when the PATH has one of these; without it, when Debian says that it is installed
 * @property {string} [variable] an environment variable that names the program in the PATH's place
 */

/**
 * Everything that Canopy needs and npm does not have.
 * @type {SystemPackage[]}
 */
export const systemPackages = [
  {
    debian: 'chromium',
    for: ['test'],
    why: 'browsers for the system tests',
    programs: ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'],
    variable: 'CANOPY_CHROMIUM',
  },
  {
    debian: 'firefox-esr',
    for: ['test'],
    why: 'the other browser for the system tests',
    programs: ['firefox-esr', 'firefox'],
    variable: 'CANOPY_FIREFOX',
  },
  {
    debian: 'openssl',
    for: ['test'],
    why: 'a second opinion on every certificate verdict',
    programs: ['openssl'],
  },
  {
    debian: 'ffmpeg',
    for: ['test', 'bench'],
    why: "making the load generator's videos, decoding what it receives, and a second opinion on phone codecs",
    programs: ['ffmpeg'],
  },
  {
    debian: 'espeak-ng',
    for: ['start', 'test', 'bench'],
    optionalFor: ['start'],
    why: "spoken prompts, and the load generator's voices",
    programs: ['espeak-ng'],
  },
  {
    debian: 'libvpx-dev',
    for: ['test', 'bench'],
    why: "the encoders of the load generator's clips",
  },
  ...['gcc', 'libc6-dev', 'libopus-dev'].map((debian) => ({
    debian,
    for: /** @type {Purpose[]} */ (['start', 'test', 'bench']),
    optionalFor: /** @type {Purpose[]} */ (['start']),
    why: "the phones' fast Opus, and the encoders of the load generator's clips",
  })),
  ...['libspandsp-dev', 'libspeexdsp-dev', 'pkgconf'].map((debian) => ({
    debian,
    for: /** @type {Purpose[]} */ (['start', 'test']),
    optionalFor: /** @type {Purpose[]} */ (['start']),
    why: "the phones' G.722 and fast resampling",
  })),
  ...[
    ['libgsm1-dev', 'GSM'],
    ['libspeex-dev', 'Speex'],
    ['libopencore-amrwb-dev', 'AMR-WB (decoder)'],
    ['libvo-amrwbenc-dev', 'AMR-WB (encoder)'],
  ].map(([debian = '', codec = '']) => ({
    debian,
    for: /** @type {Purpose[]} */ (['start', 'test']),
    optionalFor: /** @type {Purpose[]} */ (['start']),
    why: `the phones' ${codec}`,
  })),
  {
    debian: 'libsrtp2-dev',
    for: ['start', 'test'],
    optionalFor: ['start'],
    why: "encrypting the phones' audio",
  },
  {
    debian: 'libssl-dev',
    for: ['worker-build', 'start', 'test'],
    optionalFor: ['start'],
    why: "building the mediasoup worker, and the handshakes of the phones' encryption (DTLS)",
  },
  { debian: 'baresip-core', for: ['test'], why: 'a softphone for the system tests', programs: ['baresip'] },
  {
    debian: 'python3-pip',
    for: ['test'],
    why: 'a second softphone for the tests (PJSIP)',
    programs: ['pip3'],
  },
  { debian: 'nftables', for: ['test'], why: 'the NAT that phones are tested behind', programs: ['nft'] },
  { debian: 'iproute2', for: ['test'], why: 'the network namespaces of the tests', programs: ['ip'] },
  { debian: 'sip-tester', for: ['test'], why: 'a SIP peer for the tests', programs: ['sipp'] },
  {
    debian: 'sngrep',
    for: ['test'],
    why: 'a capture server for SIP messages in the tests',
    programs: ['sngrep'],
  },
  { debian: 'radicale', for: ['test'], why: 'an address book server for the tests', programs: ['radicale'] },
  { debian: 'kamailio', for: ['test'], why: 'a PBX for the tests', programs: ['kamailio'] },
  { debian: 'kamailio-tls-modules', for: ['test'], why: "the PBX's TLS" },
  ...[
    ['pulseaudio', 'pulseaudio'],
    ['pulseaudio-utils', 'pactl'],
  ].map(([debian = '', program = '']) => ({
    debian,
    for: /** @type {Purpose[]} */ (['test']),
    optionalFor: /** @type {Purpose[]} */ (['test']),
    why: 'microphones that appear and disappear in the tests',
    programs: [program],
  })),
  ...[
    'gir1.2-gst-plugins-base-1.0',
    'glib-networking',
    'gstreamer1.0-plugins-bad',
    'gstreamer1.0-plugins-base',
    'gstreamer1.0-plugins-good',
    'gstreamer1.0-plugins-ugly',
    'gstreamer1.0-x',
    'python3-gi',
  ].map((debian) => ({
    debian,
    for: /** @type {Purpose[]} */ (['test-long']),
    why: 'composing live streams',
  })),
  { debian: 'libnginx-mod-rtmp', for: ['test-long'], why: 'an RTMP server for the tests' },
  { debian: 'nginx-light', for: ['test-long'], why: 'an RTMP server for the tests', programs: ['nginx'] },
  { debian: 'postgresql', for: ['test'], why: "the store's other database" },
  { debian: 'coturn', for: ['test'], why: 'a TURN server for the tests', programs: ['turnserver'] },
  ...[
    'build-essential',
    'flatbuffers-compiler',
    'libabsl-dev',
    'libflatbuffers-dev',
    'libuv1-dev',
    'ninja-build',
    'patch',
    'pkg-config',
    'python3',
  ].map((debian) => ({
    debian,
    for: /** @type {Purpose[]} */ (['worker-build']),
    why: 'building the mediasoup worker',
  })),
];
