import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import preact from '@preact/preset-vite';
import { defineConfig, type Plugin } from 'vite';

/** Compresses text once, when the final bundle is written; the server sends the form that the browser accepts. */
const precompress: Plugin = {
  name: 'precompress',
  writeBundle({ dir = '' }, bundle) {
    for (const fileName of Object.keys(bundle)) {
      if (!/\.(js|css|svg|html)$/.test(fileName)) {
        continue;
      }
      const file = join(dir, fileName);
      const source = readFileSync(file);
      writeFileSync(`${file}.br`, brotliCompressSync(source));
      writeFileSync(`${file}.gz`, gzipSync(source, { level: 9 }));
    }
  },
};

/** Builds the page into client/web/dist; links are relative. */
export default defineConfig({
  base: './',
  plugins: [preact(), precompress],
  // Inlined assets would be data: addresses, which the server's content security policy refuses.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
