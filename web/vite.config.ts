import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm run dev` speaks to a hub on this machine; the built console speaks to whoever serves it.
const HUB = 'http://127.0.0.1:8080';
const ANTD = /node_modules[\\/](antd|@ant-design|@rc-component)[\\/]/;

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      '@bpmn-io/element-templates-validator': '/src/diagram/templatesTrusted.ts',
      '@bpmn-io/semver-compat': '/src/diagram/semverUnused.ts',
      '@bpmn-io/feelers-editor': '/src/diagram/feelersUnused.ts',
    },
  },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': HUB } },
  build: {
    outDir: '../src/lineshaft/api/console',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1100,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|react-router|scheduler)[\\/]/ },
            // What every visit needs comes at once; the rest (tables, tabs, choices) with the pages that show it.
            { name: 'antd', test: ANTD, tags: ['$initial'], priority: 1 },
            { name: 'antd-page', test: ANTD, entriesAware: true, entriesAwareMergeThreshold: 2_000 },
          ],
        },
      },
    },
  },
});
