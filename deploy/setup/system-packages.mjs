/**
 * @typedef {'start' | 'test' | 'worker-build'} Purpose
 *
 * @typedef {object} SystemPackage
 * @property {string} debian its name in Debian
 * @property {Purpose[]} for what needs it
 * @property {string} why what it is needed for, as a person would say it
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
    why: 'the browsers of the system tests',
    programs: ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'],
    variable: 'CANOPY_CHROMIUM',
  },
  {
    debian: 'openssl',
    for: ['test'],
    why: 'the second judge of every certificate verdict',
    programs: ['openssl'],
  },
  ...[
    'build-essential',
    'flatbuffers-compiler',
    'libabsl-dev',
    'libflatbuffers-dev',
    'libssl-dev',
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
