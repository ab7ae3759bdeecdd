// Builds the native codecs: `node sip-gateway/codecs/build.mjs`. Plain JavaScript without dependencies, since the setup runs it.
import { fileURLToPath } from 'node:url';
import { Addon } from '../../base/addon/index.mjs';

const addon = new Addon({
  name: 'codecs',
  title: 'The add-on of native codecs (G.722, GSM, Speex, AMR-WB, fast Opus)',
  sources: new URL('native/', import.meta.url),
  libraries: { opus: 'libopus-dev', spandsp: 'libspandsp-dev', speexdsp: 'libspeexdsp-dev' },
  optional: {
    GSM: { debian: 'libgsm1-dev', headers: ['gsm/gsm.h'], flags: ['-DCANOPY_GSM', '-lgsm'] },
    Speex: { debian: 'libspeex-dev', headers: ['speex/speex.h'], flags: ['-DCANOPY_SPEEX', '-lspeex'] },
    'AMR-WB': {
      debian: 'libopencore-amrwb-dev libvo-amrwbenc-dev',
      headers: ['opencore-amrwb/dec_if.h', 'vo-amrwbenc/enc_if.h'],
      flags: ['-DCANOPY_AMRWB', '-lopencore-amrwb', '-lvo-amrwbenc'],
    },
  },
});

/** File of the built add-on, or null if it is not built. `CANOPY_CODECS` overrides it. */
export const locate = () => addon.locate();
/** Builds the add-on into the user's cache, unless it is already there. */
export const build = (options) => addon.build(options);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  addon.report();
}
