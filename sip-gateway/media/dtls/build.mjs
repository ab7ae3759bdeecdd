// Builds the DTLS of phones' encryption: `node sip-gateway/media/dtls/build.mjs`. Plain JavaScript without dependencies, since the setup runs it.
import { fileURLToPath } from 'node:url';
import { Addon } from '../../../base/addon/index.mjs';

const addon = new Addon({
  name: 'dtls',
  title: "The add-on for the keys of phones' encryption (DTLS)",
  sources: new URL('native/', import.meta.url),
  libraries: { openssl: 'libssl-dev' },
});

/** File of the built add-on, or null if it is not built. `CANOPY_DTLS` overrides it. */
export const locate = () => addon.locate();
/** Builds the add-on into the user's cache, unless it is already there. */
export const build = (options) => addon.build(options);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  addon.report();
}
