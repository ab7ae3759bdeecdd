import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import preact from '@preact/preset-vite';
import { defineConfig, type Plugin } from 'vite';

/** Compresses text files after the bundle is written; the server sends the encoding that the browser accepts. */
const precompress: Plugin = {
  name: 'precompress',
  writeBundle({ dir = '' }, bundle) {
    for (const fileName of Object.keys(bundle)) {
      if (!/\.(js|css|svg|html|wasm)$/.test(fileName)) {
        continue;
      }
      const file = join(dir, fileName);
      const source = readFileSync(file);
      // Its best quality takes seconds a megabyte.
      const params = { [constants.BROTLI_PARAM_QUALITY]: source.length > 1_000_000 ? 5 : 11 };
      writeFileSync(`${file}.br`, brotliCompressSync(source, { params }));
      writeFileSync(`${file}.gz`, gzipSync(source, { level: 9 }));
    }
  },
};

const BACKGROUND_LIBRARY = dirname(fileURLToPath(import.meta.resolve('@shiguredo/virtual-background')));
const { version: backgroundVersion } = JSON.parse(
  readFileSync(join(BACKGROUND_LIBRARY, '..', 'package.json'), 'utf8'),
);
/** The version stands for the contents: the server lets browsers keep everything in assets/ for good. */
const BACKGROUND_ASSETS = `assets/background-${backgroundVersion}/`;

/** The engine (with SIMD, which all supported browsers have) and model for backgrounds, which their library loads by name. */
const background: Plugin = {
  name: 'background',
  generateBundle() {
    for (const name of readdirSync(BACKGROUND_LIBRARY)) {
      if (/^selfie_segmentation(_landscape\.tflite|\.tflite|\.binarypb|_solution_simd.*)$/.test(name)) {
        const source = readFileSync(join(BACKGROUND_LIBRARY, name));
        this.emitFile({ type: 'asset', fileName: BACKGROUND_ASSETS + name, source });
      }
    }
  },
};

/** Builds the page into client/web/dist; links are relative. */
export default defineConfig({
  base: './',
  plugins: [preact(), background, precompress],
  define: { BACKGROUND_ASSETS: JSON.stringify(BACKGROUND_ASSETS) },
  // Inlined assets would be data: URLs, which the server's content security policy blocks.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: `${import.meta.dirname}/index.html`,
        embed: `${import.meta.dirname}/../embed/index.ts`,
        'service-worker': `${import.meta.dirname}/service-worker/service-worker.ts`,
      },
      // Other sites and the browser load the others by their names.
      preserveEntrySignatures: 'exports-only',
      output: {
        entryFileNames: ({ name }) => (name === 'index' ? 'assets/[name]-[hash].js' : '[name].js'),
        // What the page needs at once compresses better as one file, and each more costs headers and a request.
        codeSplitting: {
          groups: [
            { name: 'first', tags: ['$initial'], test: (id) => !/\/(?:embed|service-worker)\//.test(id) },
          ],
        },
      },
    },
  },
});
