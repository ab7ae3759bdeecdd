import { brotliCompressSync, gzipSync } from 'node:zlib';
import preact from '@preact/preset-vite';
import { defineConfig, type Plugin } from 'vite';

/** Text is compressed once, at the build; the server sends what the browser takes. */
const precompress: Plugin = {
  name: 'precompress',
  generateBundle(_options, bundle) {
    for (const [fileName, output] of Object.entries(bundle)) {
      if (!/\.(js|css|svg|html)$/.test(fileName)) continue;
      const source = Buffer.from(output.type === 'chunk' ? output.code : output.source);
      this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: brotliCompressSync(source) });
      this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(source, { level: 9 }) });
    }
  },
};

/** Builds the page into client/web/dist; links are relative. */
export default defineConfig({
  base: './',
  plugins: [preact(), { ...precompress, enforce: 'post' }],
  // Inlined assets would be data: addresses, which the server's content security policy refuses.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
