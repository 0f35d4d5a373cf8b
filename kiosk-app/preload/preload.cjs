/*
 * The one bridge between screens and shell. A sandboxed preload script is one CommonJS file without imports of its own; the
 * names of the channels are those of main/ipc.ts, and a test holds both together.
 */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- a sandboxed preload script has no other way in
const { contextBridge, ipcRenderer } = require('electron');

contextBridge.exposeInMainWorld('hallhubShell', {
  alive: () => ipcRenderer.send('hallhub:alive'),
  finished: () => ipcRenderer.send('hallhub:finished'),
  restart: () => ipcRenderer.send('hallhub:restart'),
});
