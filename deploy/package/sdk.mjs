// Makes the npm package of the SDK, without any server code: `npm run pack:sdk` leaves canopy-sdk-VERSION.tgz in the current folder.
// Everything in it is derived from the project's own package.json and sources.
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { findNode, findProgram, reportErrors, root, run, SetupError, tail } from '../setup/index.mjs';

/** Staging folder of the package: ignored by git, and not part of the server's package. */
const folder = join(root, 'deploy', 'package', 'dist', 'sdk');

/** Import paths and the files behind them. */
const entries = {
  '.': 'client/sdk/index',
  './node': 'client/node/index',
  './protocol': 'signaling/protocol',
};

/** What pages load as a worker to encrypt media. */
const TRANSFORM_WORKER = 'client/sdk/encryption/media/transform-worker';

await reportErrors(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await compile();
  declareRequests();
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  cpSync(join(root, 'docs', 'sdk.md'), join(folder, 'README.md'));
  const npm = findProgram('npm');
  if (npm === undefined) {
    throw new SetupError('npm is not on the PATH. Install it together with Node.');
  }
  const { status, output } = await run(npm, ['pack', folder, '--ignore-scripts', '--loglevel=error']);
  if (status !== 0) {
    throw new SetupError(`npm could not pack the SDK:\n${tail(output)}`);
  }
  process.stdout.write(output);
  return 0;
});

async function compile() {
  const project = join(folder, 'tsconfig.json');
  const files = [...Object.values(entries), TRANSFORM_WORKER].map((entry) => join(root, `${entry}.ts`));
  const compilerOptions = { rootDir: root, outDir: folder };
  writeFileSync(
    project,
    JSON.stringify({ extends: join(root, 'tsconfig.build.json'), compilerOptions, files }),
  );
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, output } = await run(findNode(), [tsc, '--project', project]);
  if (status !== 0) {
    throw new SetupError(`The SDK could not be compiled:\n${tail(output)}`);
  }
  rmSync(project);
  // The compiler renames what is imported, but not the worker's address.
  const starter = join(folder, dirname(TRANSFORM_WORKER), 'worker-ciphers.js');
  const source = readFileSync(starter, 'utf8');
  if (!source.includes("'./transform-worker.ts'")) {
    throw new SetupError('The SDK no longer starts its transform worker as this script expects.');
  }
  writeFileSync(starter, source.replace("'./transform-worker.ts'", "'./transform-worker.js'"));
}

/** Lets the SDK's types see the requests that each feature declares, since no code of the SDK imports them. */
function declareRequests() {
  const features = join('signaling', 'features');
  const contracts = readdirSync(join(folder, features), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(features, name, 'contract.js'));
  for (const entry of [entries['.'], entries['./protocol']]) {
    const imports = contracts.map((file) => `import './${relative(dirname(entry), file)}';\n`);
    appendFileSync(join(folder, `${entry}.d.ts`), imports.join(''));
  }
}

function manifest() {
  const { version, license, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const imported = importedPackages();
  const needed = Object.entries(dependencies).filter(([name]) => imported.has(name));
  // Only programs on Node need it, and it includes a 1 MB binary.
  const native = needed.filter(([name]) => name === 'node-datachannel');
  return {
    name: 'canopy-sdk',
    version,
    description: 'The SDK of Canopy, a conference media server, for browsers and Node',
    license,
    type: 'module',
    engines: { node: '>=22' },
    exports: Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [
        name,
        { types: `./${entry}.d.ts`, default: `./${entry}.js` },
      ]),
    ),
    dependencies: Object.fromEntries(needed.filter((entry) => !native.includes(entry))),
    peerDependencies: Object.fromEntries(native),
    peerDependenciesMeta: Object.fromEntries(native.map(([name]) => [name, { optional: true }])),
  };
}

/** Names of the packages imported by the compiled code. */
function importedPackages() {
  const names = new Set();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(js|d\.ts)$/.test(file)) {
      continue;
    }
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, name] of text.matchAll(/(?:from|import)\s*\(?\s*['"]((?:@[\w-]+\/)?[\w.-]+)/g)) {
      names.add(name);
    }
  }
  return names;
}
