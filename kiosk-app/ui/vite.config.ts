import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** Served at `/kiosk/` by the hub, by the kiosk's agent and by the shell (`app://kiosk/kiosk/`). */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/kiosk/',
  plugins: [vue()],
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    target: 'es2022',
    // No data: for scripts and styles: the page's policy knows files only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
});
