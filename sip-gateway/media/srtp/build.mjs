// Builds the phones' SRTP: `node sip-gateway/media/srtp/build.mjs`. Plain JavaScript without dependencies, since the setup runs it.
import { fileURLToPath } from 'node:url';
import { Addon } from '../../../base/addon/index.mjs';

const addon = new Addon({
  name: 'srtp',
  title: "The add-on for phones' encryption (SRTP)",
  sources: new URL('native/', import.meta.url),
  libraries: { libsrtp2: 'libsrtp2-dev' },
});

/** File of the built add-on, or null if it is not built. `CANOPY_SRTP` overrides it. */
export const locate = () => addon.locate();
/** Builds the add-on into the user's cache, unless it is already there. */
export const build = (options) => addon.build(options);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  addon.report();
}
