// Makes dist/, the code of the npm package: JavaScript and declarations (Node runs no TypeScript under
// node_modules), and the web app. `npm pack` runs it. Another folder may be given in place of dist/.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureBundle, findNode, reportErrors, root, run, SetupError, tail } from '../setup/index.mjs';

await reportErrors(async () => {
  const dist = resolve(process.argv[2] ?? join(root, 'dist'));
  rmSync(dist, { recursive: true, force: true });
  const node = findNode();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = join(root, 'tsconfig.build.json');
  const { status, output } = await run(node, [tsc, '--project', project, '--outDir', dist]);
  if (status !== 0) {
    throw new SetupError(`The code could not be compiled:\n${tail(output)}`);
  }
  await ensureBundle(node);
  cpSync(join(root, 'client', 'web', 'dist'), join(dist, 'client', 'web', 'dist'), { recursive: true });
  const clips = join('bench', 'clips');
  for (const name of ['encode-video.c', 'encode-opus.c']) {
    cpSync(join(root, clips, name), join(dist, clips, name));
  }
  const live = join('recorder', 'live');
  for (const name of ['compositor.py', 'hls_output.py']) {
    cpSync(join(root, live, name), join(dist, live, name));
  }
  // What is built where it is installed: UDP, the codecs of phones, their SRTP and DTLS and a load generator from C, the prompts from texts.
  const sources = [
    'base/addon',
    'base/udp/build.mjs',
    'base/udp/native',
    'sip-gateway/codecs/build.mjs',
    'sip-gateway/codecs/native',
    'sip-gateway/media/srtp/build.mjs',
    'sip-gateway/media/srtp/native',
    'sip-gateway/media/dtls/build.mjs',
    'sip-gateway/media/dtls/native',
    'sip-gateway/prompts/build.mjs',
    'sip-gateway/prompts/languages',
    'sip-gateway/prompts/texts.mjs',
  ];
  for (const path of [...sources, 'sip-gateway/bench/rtp-load.c', 'sip-gateway/bench/witness.c']) {
    cpSync(join(root, path), join(dist, path), { recursive: true });
  }
  // The compiled command reads its version from where it lies as seen from bin/.
  const { name, version, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name, version, type })}\n`);
  return 0;
});
