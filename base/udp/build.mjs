// Builds the native part of this UDP: `node base/udp/build.mjs`. Plain JavaScript without dependencies,
// since the setup runs it.
import { fileURLToPath } from 'node:url';
import { Addon } from '../addon/index.mjs';

const addon = new Addon({
  name: 'udp',
  title: 'The add-on for media packets of phones and recordings (departure on time, at less cost)',
  sources: new URL('native/', import.meta.url),
});

/** File of the built add-on, or null if it is not built. `CANOPY_UDP` overrides it. */
export const locate = () => addon.locate();
/** Builds the add-on into the user's cache, unless it is already there. It is for Linux. */
export const build = (options) => addon.build(options);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  addon.report();
}
