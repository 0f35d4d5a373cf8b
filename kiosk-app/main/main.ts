import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@hallhub/sync/base';
import { BrowserWindow, Menu, app, ipcMain, nativeTheme, net, protocol, session, utilityProcess } from 'electron';
import { keepAgent } from './agent-process.ts';
import type { Upstream } from './app-protocol.ts';
import { appProtocol } from './app-protocol.ts';
import { afterFailure, watchPage } from './failures.ts';
import { hardenApp, hardenSession } from './harden.ts';
import { hear } from './ipc.ts';
import { PARTITION, SCHEME, pageOf, windowOptions } from './policy.ts';
import { shellSettings } from './settings.ts';
import { watchdog, watchdogInterval } from './watchdog.ts';

/*
 * The shell's composition root, and the only file that needs Electron to run: everything that decides is in the files beside it.
 */

const UI = join(import.meta.dirname, '../dist/ui');
const PRELOAD = join(import.meta.dirname, '../preload/preload.cjs');
const AGENT = join(import.meta.dirname, '../agent/main.mjs');
/** EX_TEMPFAIL of sysexits.h: the service manager starts the shell again. */
const START_AGAIN = 75;

const clock = systemClock({ mode: 'production' });
const settings = shellSettings(process.env);
let upstream: Upstream | undefined = settings.upstream;
let failures: ReturnType<typeof afterFailure>['state'] = [];

const log = (what: string, details: object = {}): void => {
  process.stderr.write(`${JSON.stringify({ at: new Date(clock.now()).toISOString(), what, ...details })}\n`);
};
const notify = (state: string): void => {
  execFile('systemd-notify', [state], (error) => {
    if (error) log('systemd-notify failed', { code: error.code });
  });
};

protocol.registerSchemesAsPrivileged([
  {
    scheme: SCHEME,
    privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, stream: true },
  },
]);
hardenApp(app, Menu);
// One kiosk, one screen: a second shell would show a second one over it.
if (!app.requestSingleInstanceLock()) app.exit(0);

await app.whenReady();
nativeTheme.themeSource = 'light';
const kiosk = session.fromPartition(PARTITION);
hardenSession(kiosk, { downloads: app.getPath('downloads') });
kiosk.protocol.handle(
  SCHEME,
  appProtocol({
    readFile: (path) => readFile(join(UI, path)).catch(() => undefined),
    upstream: () => upstream,
    fetch: (address, init) => net.fetch(address, init),
  }),
);

const agent = settings.upstream
  ? undefined
  : keepAgent({
      fork: () => utilityProcess.fork(AGENT, [], { serviceName: 'hallhub-agent', stdio: 'inherit' }),
      clock,
      onMessage: (message) => {
        if (message.type === 'screens') upstream = { url: message.url, token: message.token };
        if (message.type === 'fault') log('the agent reports a fault', { code: message.failure.code });
      },
      onEnd: (exitCode, wait) => {
        log('the agent ended', { exitCode, startsAgainInMs: wait });
      },
    });
const leave = (exitCode: number): void => {
  agent?.stop();
  app.exit(exitCode);
};

const window = new BrowserWindow(windowOptions(PRELOAD));
const page = pageOf(settings.kioskId);
const load = (): void => {
  window.loadURL(page).catch((error: unknown) => {
    failed('the page did not load', { error: String(error) });
  });
};
function failed(what: string, details: object): void {
  const { state, action } = afterFailure(failures, clock.monotonic());
  failures = state;
  log(what, { ...details, action });
  if (action === 'exit') leave(START_AGAIN);
  else load();
}

const interval = watchdogInterval(process.env);
const dog = interval === undefined ? undefined : watchdog({ clock, interval, notify });
hear({
  ipc: ipcMain,
  handlers: {
    'hallhub:alive': () => dog?.alive(),
    'hallhub:finished': () => {
      // Whatever the browser kept of whoever was here.
      kiosk
        .clearData()
        .catch((error: unknown) => {
          log('the browser could not forget', { error: String(error) });
        })
        .finally(load);
    },
    'hallhub:restart': () => {
      leave(START_AGAIN);
    },
  },
  onRefused: (channel) => {
    log('a message was refused', { channel });
  },
});
watchPage(window.webContents, { log, failed });
app.on('child-process-gone', (_event, { type, reason, exitCode }) => {
  log('a process of the browser ended', { type, reason, exitCode });
  if (type === 'GPU' && reason !== 'clean-exit') failed('the screen cannot be drawn', { reason });
});
app.on('window-all-closed', () => {
  leave(START_AGAIN);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    leave(0);
  });

window.once('ready-to-show', () => {
  window.show();
  if (interval !== undefined) notify('--ready');
});
load();
