import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const config = defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [vue()],
  build: { outDir: '../dist', emptyOutDir: true },
});
// Vite reads its configuration from the default export.
export { config as default };
