// Builds the native part of the phones' UDP: `node sip-gateway/media/network/build.mjs`. Plain JavaScript without dependencies,
// since the set-up runs it.
import { fileURLToPath } from 'node:url';
import { Addon } from '../../addon/index.mjs';

const addon = new Addon({
  name: 'udp',
  title: "The add-on for phones' packets (departure on time, at less cost)",
  sources: new URL('native/', import.meta.url),
});

/** Where the built add-on lies, or null when it is not built; `CANOPY_UDP` names it directly. */
export const locate = () => addon.locate();
/** Builds it into the user's cache, unless it is there. It is for Linux. */
export const build = (options) => addon.build(options);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  addon.report();
}
