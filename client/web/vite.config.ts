import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

/** Builds the page into client/web/dist; links are relative, so that it works below any path. */
export default defineConfig({
  base: './',
  plugins: [preact()],
  // Inlined assets would be data: addresses, which the server's content security policy refuses.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
