/*
 * The one bridge between screens and shell. A sandboxed preload script is one CommonJS file without imports of its own; the
 * names of the channels are those of main/ipc.ts, and a test holds both together.
 */
const { contextBridge, ipcRenderer } = require('electron');

contextBridge.exposeInMainWorld('hallhubShell', {
  alive: () => ipcRenderer.send('hallhub:alive'),
  finished: () => ipcRenderer.send('hallhub:finished'),
  restart: () => ipcRenderer.send('hallhub:restart'),
});
