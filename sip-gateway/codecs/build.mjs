// Builds the native codecs: `node sip-gateway/codecs/build.mjs`. Plain JavaScript without dependencies, since the set-up runs it.
import { fileURLToPath } from 'node:url';
import { Addon } from '../addon/index.mjs';

const addon = new Addon({
  name: 'codecs',
  title: 'The add-on of native codecs (G.722, fast Opus)',
  sources: new URL('native/', import.meta.url),
  libraries: { opus: 'libopus-dev', spandsp: 'libspandsp-dev', speexdsp: 'libspeexdsp-dev' },
});

/** Where the built add-on lies, or null when it is not built; `CANOPY_CODECS` names it directly. */
export const locate = () => addon.locate();
/** Builds it into the user's cache, unless it is there. */
export const build = (options) => addon.build(options);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  addon.report();
}
